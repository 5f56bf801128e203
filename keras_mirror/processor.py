"""The capabilities of this machine's processor."""

import functools

CPU_INFO = "/proc/cpuinfo"  # of Linux; other systems do not say it there


@functools.cache
def processor_has(*flags: str) -> bool:
    """Whether the processor has one of some flags.

    Args:
        *flags: Strings, names of flags on Linux, such as `"amx_bf16"`.

    Returns:
        A boolean; `False` if the flags are unknown.

    Example:

    >>> processor_has("no_such_flag")
    False
    """
    try:
        with open(CPU_INFO, encoding="utf-8") as file:
            found = next((line for line in file if line[:5] == "flags"), "")
    except OSError:
        return False
    return not set(flags).isdisjoint(found.split())
