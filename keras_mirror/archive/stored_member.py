import io
import os
import struct
import zipfile

_LOCAL_HEADER = 30  # bytes, before the name and the extra field
_LENGTHS = 26  # the offset of their lengths


class StoredMember(io.RawIOBase):
    """An uncompressed file inside an archive, which can be read in any order.

    Before Python 3.13, `zipfile` reads everything it seeks over, so it needs a
    second to list the weights of a small model.

    Args:
        path: String or path of the archive.
        info: A `zipfile.ZipInfo` of it, with `ZIP_STORED`.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "archive.zip")
    >>> with zipfile.ZipFile(path, "w") as archive:
    ...     archive.writestr("letters", "abcdef")
    >>> with StoredMember(path, archive.getinfo("letters")) as file:
    ...     file.seek(2), file.read(3)
    (2, b'cde')
    """

    def __init__(self, path: str | os.PathLike[str], info: zipfile.ZipInfo):
        super().__init__()
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(
                "`info` must be of a file that is not compressed. "
                f"Received: info={info!r}"
            )
        self._file = open(path, "rb")
        self._file.seek(info.header_offset + _LENGTHS)
        lengths = struct.unpack("<HH", self._read_lengths())
        self._start = info.header_offset + _LOCAL_HEADER + sum(lengths)
        self._size = info.file_size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origins = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._position,
            io.SEEK_END: self._size,
        }
        self._position = max(0, origins[whence] + offset)
        return self._position

    def readinto(self, buffer) -> int:
        left = max(0, self._size - self._position)
        self._file.seek(self._start + self._position)
        number = self._file.readinto(memoryview(buffer)[:left])
        self._position += number
        return number

    def _read_lengths(self) -> bytes:
        lengths = self._file.read(4)
        if len(lengths) < 4:
            self.close()
            raise zipfile.BadZipFile("a member starts beyond the end")
        return lengths

    def close(self) -> None:
        self._file.close()
        super().close()
