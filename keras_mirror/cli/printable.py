"""Foreign text made printable: a terminal shows it and does not obey it."""

# A screen, unlike a reader of data, acts on these: the control characters of
# ASCII and Latin-1 but TAB and line feed, the marks that turn the direction of
# text (https://trojansource.codes), and halves of characters, which UTF-8
# cannot hold. Joiners stay: Persian, Hindi and emoji are written with them.
_STEERING = (
    *(code for code in range(0x20) if chr(code) not in "\t\n"),
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
)
_SHOWN = {code: f"\\u{code:04x}" for code in _STEERING}

# TAB, and all that `str.splitlines` and spreadsheets take for an end of line.
_SPACES = {ord(x): " " for x in "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"}


def printable(text: str) -> str:
    """A text whose control characters are shown, not obeyed.

    Text in JSON stays the same text: the escapes are those of JSON.

    Args:
        text: String.

    Returns:
        A string.

    Example:

    >>> print(printable("\\x1b[2J was a clear screen"))
    \\u001b[2J was a clear screen
    """
    return text.translate(_SHOWN)


def one_line(text: str) -> str:
    """A text as one cell of a table whose rows are lines.

    Args:
        text: String.

    Returns:
        A string with spaces for TABs and line breaks.

    Example:

    >>> one_line("two\\nlines")
    'two lines'
    """
    return text.translate(_SPACES)
