"""Regular expressions of a `tokenizer.json` that take linear time.

The `tokenizers` library matches them by backtracking: a pattern from a file can
take years on a short text.
"""

import regex

_MAX_LENGTH = 500
# GPT-2's, and those of Llama 3 and Qwen 2, which differ in their digits.
_GPT_2 = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
    r"|\s+(?!\S)|\s+"
)
_LLAMA_3, _QWEN_2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    + digits
    + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    for digits in ("{1,3}", "")
)
_KNOWN = {_GPT_2, _LLAMA_3, _QWEN_2}

# Any other pattern must consist of alternatives that repeat only their end, so
# that none is tried in two ways: `\s+`, ` {2,}`, `[0-9]`, `[。！]|\p{Han}`.
_ESCAPED = r"\\[dDsSwWhHntrfv]|\\[pP]\{\^?\w+\}|\\u[0-9A-Fa-f]{4}|\\[^\w]"
_CLASS = rf"\[\^?(?:{_ESCAPED}|[^\[\]\\&])+\]"
_ATOM = rf"(?:{_ESCAPED}|{_CLASS}|[^\\\[\](){{}}*+?|])"
_REPEATED = r"(?:[*+?]|\{\d{1,2}(?:,\d{0,2})?\})"
_SEQUENCE = rf"(?:{_ATOM}\?)?{_ATOM}+{_REPEATED}?"
_ALTERNATIVES = rf"{_SEQUENCE}(?:\|{_SEQUENCE})*"
_CHEAP = regex.compile(rf"{_ALTERNATIVES}|\({_ALTERNATIVES}\)")


def is_cheap_pattern(pattern: object) -> bool:
    """Whether a regular expression takes linear time in every text.

    Args:
        pattern: The pattern in the file, a string.

    Returns:
        A boolean. `False` also for some cheap patterns.

    Example:

    >>> is_cheap_pattern(r"\\s+"), is_cheap_pattern(r"(\\s+)+x")
    (True, False)
    """
    if not isinstance(pattern, str) or len(pattern) > _MAX_LENGTH:
        return False
    return pattern in _KNOWN or _CHEAP.fullmatch(pattern) is not None
