import codecs
import os
from typing import Any

from keras_mirror.data.open_binary import AnyPath
from keras_mirror.file_kinds import IS_POINTER
from keras_mirror.file_kinds import POINTER

_OFFICE = {
    ".doc": "a Word document",
    ".docx": "a Word document",
    ".xls": "an Excel workbook",
    ".xlsx": "an Excel workbook",
}
# First bytes of files, and the formats that they show.
_DOCUMENTS = {
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a zip file, as those of Word and Excel are",
    b"\xd0\xcf\x11\xe0": "a Word or Excel file",
    b"{\\rtf": "a document in RTF",
    b"ARROW1\0\0": "a file of Arrow (Feather)",
    b"PAR1": "a Parquet file, whose name must end in .parquet",
    b"SQLite format 3\0": "a database of SQLite",
    b"7z\xbc\xaf": "a 7-Zip archive",
}
_PAGES = dict.fromkeys((b"<!doctype html", b"<html"), "a page in HTML")
_COMPRESSED = {
    b"\x1f\x8b": ".gz",
    b"BZh91AY": ".bz2",
    b"\xfd7zXZ": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
}
_ENCODINGS = {  # UTF-32 first, whose mark begins like that of UTF-16
    codecs.BOM_UTF32_LE: ("utf-32", "utf-32-le"),
    codecs.BOM_UTF32_BE: ("utf-32", "utf-32-be"),
    codecs.BOM_UTF16_LE: ("utf-16", "utf-16-le"),
    codecs.BOM_UTF16_BE: ("utf-16", "utf-16-be"),
    codecs.BOM_UTF8: ("utf-8", "utf-8-sig"),
}
_TAR = slice(257, 262)  # where b"ustar" stands


class NotText(ValueError):
    """By its first bytes, a file is not text in the expected encoding.

    Example:

    >>> check_is_text(b"%PDF-1.7", "report.txt")
    Traceback (most recent call last):
    keras_mirror...NotText: 'report.txt' is a PDF file. ...
    """


def check_is_text(start: bytes, path: AnyPath, encoding: str = "utf-8") -> None:
    """Raises `NotText` unless a file begins like text in the encoding.

    Args:
        start: Bytes, the beginning of a file.
        path: String or path, for the message.
        encoding: String, that of the text. Defaults to `"utf-8"`.
    """
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if start.startswith(POINTER):
        raise NotText(f"'{path}' is {IS_POINTER}")
    kind = _found(start, _DOCUMENTS) or _found(start.lower(), _PAGES)
    if start[_TAR] == b"ustar":
        kind = "a tar archive"
    if kind:
        raise NotText(
            f"'{path}' is {_OFFICE.get(ending, kind)}. A file of plain texts "
            "is expected: save or export it as .txt or .csv in UTF-8"
        )
    if compression := _found(start, _COMPRESSED):
        raise NotText(
            f"'{path}' is compressed. Its name must end in {compression} to be "
            "decompressed"
        )
    _check_encoding(start, path, encoding)


def marked_encoding(start: bytes) -> str | None:
    """The encoding that the first bytes of a file show, other than UTF-8.

    Example:

    >>> marked_encoding("a man".encode("utf-16")), marked_encoding(b"a man")
    ('utf-16', None)
    """
    name = next(iter(_encodings(start)), "utf-8")
    return None if name == "utf-8" else name


def _check_encoding(start: bytes, path: AnyPath, encoding: str) -> None:
    """Refuses other encodings, which may give wrong characters silently."""
    expected = codecs.lookup(encoding).name
    names = _encodings(start)
    if names and expected not in names:
        raise NotText(
            f"'{path}' begins like {names[0].upper()}. {expected.upper()} is "
            "expected: convert it, or read it with `encoding` (`--encoding "
            f"{names[0]}`)"
        )
    if start and not names and expected in ("utf-16", "utf-32"):
        raise NotText(
            f"'{path}' has no byte order mark, with which {expected.upper()} "
            f"begins. If it is {expected.upper()} anyway, read it with "
            f"`encoding` (`--encoding {expected}-le` or `{expected}-be`)"
        )


def _encodings(start: bytes) -> tuple[str, ...]:
    """Names of the encoding that the bytes show, the most common one first."""
    return _found(start, _ENCODINGS) or _unmarked_utf_16(start)


def _found(start: bytes, marks: dict[bytes, Any]) -> Any:
    found = (meant for mark, meant in marks.items() if start.startswith(mark))
    return next(found, None)


def _unmarked_utf_16(start: bytes) -> tuple[str, ...]:
    """Finds UTF-16 without a mark: every second byte is a control character."""
    even, odd = start[:32:2], start[1:32:2]
    if len(odd) < 3:
        return ()
    if all(even) and _are_high(odd):
        return ("utf-16-le",)
    return ("utf-16-be",) if all(odd) and _are_high(even) else ()


def _are_high(values: bytes) -> bool:
    # Alphabets end before U+2000. No white space is below 9.
    return max(values) <= 0x20 and min(values) < 9
