import signal
import threading
from collections.abc import Callable
from typing import Any

# Of Windows there is no SIGHUP.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignals:
    """Notes the first Ctrl-C, SIGTERM or SIGHUP; the second one stops at once.

    Whoever works in this context looks at `signum` and ends what it does
    where that is whole.

    Args:
        on_stop: Function without arguments, called at the first signal.
            Defaults to `None`.

    Attributes:
        signum: Integer, the first signal, or `None`.

    Example:

    >>> with StopSignals() as stop:
    ...     signal.raise_signal(signal.SIGTERM)
    >>> stop.code
    143
    """

    def __init__(self, on_stop: Callable[[], object] | None = None) -> None:
        self.signum: int | None = None
        self._on_stop = on_stop
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "StopSignals":
        # Signals reach the main thread only.
        if threading.current_thread() is threading.main_thread():
            for number in filter(None, map(_number, NAMES)):
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @property
    def code(self) -> int:
        """The exit code of a command that a signal stopped."""
        return 128 + (self.signum or signal.SIGINT)

    def _note(self, signum: int, frame) -> None:
        if self.signum is not None:
            raise KeyboardInterrupt
        self.signum = signum
        if self._on_stop is not None:
            self._on_stop()


def _number(name: str) -> int | None:
    number = getattr(signal, name, None)
    # `nohup` has this one ignored, and that stays so.
    if (
        name == "SIGHUP"
        and number
        and signal.getsignal(number) == signal.SIG_IGN
    ):
        return None
    return number
