import os

from keras_mirror.data.open_binary import AnyPath
from keras_mirror.file_kinds import IS_POINTER
from keras_mirror.file_kinds import POINTER

_OFFICE = {
    ".doc": "a Word document",
    ".docx": "a Word document",
    ".xls": "an Excel workbook",
    ".xlsx": "an Excel workbook",
}
# What files begin with, and what they are.
_DOCUMENTS = {
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a zip file, as those of Word and Excel are",
    b"\xd0\xcf\x11\xe0": "a Word or Excel file",
}
_COMPRESSED = {
    b"\x1f\x8b": ".gz",
    b"BZh91AY": ".bz2",
    b"\xfd7zXZ": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
}
_ENCODINGS = {  # UTF-32 first, whose mark begins as that of UTF-16
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


class NotText(ValueError):
    """A file whose first bytes say that it is no text, or in which encoding.

    Example:

    >>> check_is_text(b"%PDF-1.7", "report.txt")
    Traceback (most recent call last):
    keras_mirror...NotText: 'report.txt' is a PDF file. ...
    """


def check_is_text(start: bytes, path: AnyPath) -> None:
    """Raises `NotText` if the first bytes of a file are no UTF-8 text.

    Args:
        start: Bytes, some of the first ones of a file.
        path: String or path, for the message.
    """
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if start.startswith(POINTER):
        raise NotText(f"'{path}' is {IS_POINTER}")
    if kind := _found(start, _DOCUMENTS):
        raise NotText(
            f"'{path}' is {_OFFICE.get(ending, kind)}. A file of plain texts "
            "is expected: save or export it as .txt or .csv in UTF-8"
        )
    if compression := _found(start, _COMPRESSED):
        raise NotText(
            f"'{path}' is compressed. Its name must end in {compression} to be "
            "decompressed"
        )
    if encoding := marked_encoding(start):
        raise NotText(
            f"'{path}' is {encoding.upper()} by its first bytes. UTF-8 is "
            "expected: convert it, or read it with `encoding` "
            f"(`--encoding {encoding}`)"
        )


def marked_encoding(start: bytes) -> str | None:
    """The encoding that the first bytes of a file tell, but for UTF-8.

    Example:

    >>> marked_encoding("a man".encode("utf-16")), marked_encoding(b"a man")
    ('utf-16', None)
    """
    return _found(start, _ENCODINGS) or _unmarked_utf_16(start)


def _found(start: bytes, marks: dict[bytes, str]) -> str | None:
    names = (name for mark, name in marks.items() if start.startswith(mark))
    return next(names, None)


def _unmarked_utf_16(start: bytes) -> str | None:
    """ASCII in UTF-16 has a zero as every second byte."""
    even, odd = start[:16:2], start[1:16:2]
    if len(odd) > 2 and not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if len(odd) > 2 and not any(even) and all(odd) else None
