import io
import struct
import zipfile

_LOCAL_HEADER = 30  # bytes, before the name and the extra field
_LENGTHS = 26  # where their lengths are


class StoredMember(io.RawIOBase):
    """A file inside of an archive that is not compressed, read in any order.

    `zipfile` reads all that is between two places when it seeks, up to Python
    3.12: a second for the names in a small model's weights.

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

    def __init__(self, path, info):
        super().__init__()
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(
                "`info` must be of a file that is not compressed. "
                f"Received: info={info!r}"
            )
        self._file = open(path, "rb")
        self._file.seek(info.header_offset + _LENGTHS)
        lengths = struct.unpack("<HH", self._file.read(4))
        self._start = info.header_offset + _LOCAL_HEADER + sum(lengths)
        self._size = info.file_size
        self._position = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        origins = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._position,
            io.SEEK_END: self._size,
        }
        self._position = max(0, origins[whence] + offset)
        return self._position

    def readinto(self, buffer):
        left = max(0, self._size - self._position)
        self._file.seek(self._start + self._position)
        number = self._file.readinto(memoryview(buffer)[:left])
        self._position += number
        return number

    def close(self):
        self._file.close()
        super().close()
