"""Growing arrays of vectors: in memory, or in a memory-mapped `.npy` file."""

import os
import pathlib

import numpy as np

_DTYPE = np.dtype("<f4")


class MemoryVectors:
    """Vectors in memory, with room for more.

    Example:

    >>> vectors = MemoryVectors(2)
    >>> vectors.write(0, np.eye(2, dtype="float32"))
    >>> vectors.read(1).tolist()
    [[1.0, 0.0]]
    """

    def __init__(self, embedding_dim: int) -> None:
        self.embedding_dim = embedding_dim
        self._blocks: list = []

    def write(self, start: int, embeddings) -> None:
        """Writes vectors after the first `start` ones."""
        if start != sum(map(len, self._blocks)):
            self._blocks = [self.read(start)]
        self._blocks.append(np.asarray(embeddings, _DTYPE))

    def read(self, number: int):
        """The first vectors, an array of shape `(number, embedding_dim)`."""
        if len(self._blocks) != 1:
            none = np.empty((0, self.embedding_dim), _DTYPE)
            self._blocks = [np.concatenate([none, *self._blocks])]
        return self._blocks[0][:number]


class FileVectors:
    """Vectors in a NumPy file that grows in place.

    Other processes see new vectors once their number is known. The index stores
    the number elsewhere; this file's header is only for other readers.

    Args:
        path: String or path of a file, which may not exist yet.
        embedding_dim: Integer.
    """

    def __init__(self, path: str | os.PathLike, embedding_dim: int) -> None:
        self.path = pathlib.Path(path)
        self.embedding_dim = embedding_dim
        self._mapped = np.empty((0, embedding_dim), _DTYPE)

    def write(self, start: int, embeddings) -> None:
        """Writes vectors at a place; they are on disk when it returns."""
        embeddings = np.ascontiguousarray(embeddings, _DTYPE)
        number = start + len(embeddings)
        mode = "r+b" if self.path.exists() else "x+b"
        with open(self.path, mode) as file:
            if mode == "x+b":
                self._write_header(file, number)
            file.seek(self._offset(start))
            file.write(embeddings.data)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())

    def tell_number(self, number: int) -> None:
        """Writes into the header how many vectors there are."""
        with open(self.path, "r+b") as file:
            self._write_header(file, number)

    def read(self, number: int):
        """The first vectors, memory-mapped: those that are read take memory.

        Raises:
            ValueError: The file has fewer vectors.
        """
        if len(self._mapped) != number:
            self._mapped = self._map(number)
        return self._mapped

    def _map(self, number: int):
        shape = number, self.embedding_dim
        if not number:
            return np.empty(shape, _DTYPE)
        size = os.path.getsize(self.path)
        if size < self._offset(number):
            raise ValueError(
                f"'{self.path}' must hold {number} vectors, "
                f"{self._offset(number)} bytes. Received: {size} bytes"
            )
        mapped = np.memmap(self.path, _DTYPE, "r", self._offset(0), shape)
        return np.asarray(mapped)  # a plain array that keeps the map

    def _offset(self, number: int) -> int:
        return self._header_size() + number * self.embedding_dim * 4

    def _header_size(self) -> int:
        return len(_header(0, self.embedding_dim))

    def _write_header(self, file, number: int) -> None:
        file.seek(0)
        file.write(_header(number, self.embedding_dim))


def _header(number: int, embedding_dim: int) -> bytes:
    """The header of a `.npy` file, of the same length for any number."""
    import io

    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file,
        {
            "descr": _DTYPE.str,
            "fortran_order": False,
            "shape": (number, embedding_dim),
        },
    )
    return file.getvalue()
