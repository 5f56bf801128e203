"""Teachers, which give the vector of each text: a model, or given vectors."""

import hashlib
import os
import pathlib
from typing import Any

import numpy as np

from keras_mirror.content_errors import content_errors
from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.integrations.load_model import as_model
from keras_mirror.optional import import_optional

ARRAY_SUFFIX, TABLE_SUFFIX = ".npy", ".parquet"
_BLOCK_SIZE = 8192  # rows of a table in memory at a time


def open_teacher(teacher) -> "ModelTeacher | GivenVectors":
    """Makes a teacher of whatever `distill` accepts as one.

    Args:
        teacher: A `MirrorModel`, its archive or a preset, a file of vectors
            (`.npy`, `.parquet`), or an array of shape
            `(num_texts, teacher_dim)`.

    Raises:
        ValueError: It cannot be read.

    Example:

    >>> open_teacher(np.eye(3)).dim
    3
    """
    if isinstance(teacher, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(teacher).data)
        return GivenVectors(teacher, digest.hexdigest(), "vectors")
    name = os.fspath(teacher) if isinstance(teacher, (str, os.PathLike)) else ""
    if name.endswith((ARRAY_SUFFIX, TABLE_SUFFIX)):
        return _open_file(pathlib.Path(name))
    return ModelTeacher(as_model(teacher))


class ModelTeacher:
    """A `MirrorModel` that encodes texts on demand.

    Args:
        model: A `MirrorModel`.

    Attributes:
        dim: Integer, the size of its vectors.
        key: String that identifies the vectors.
        name: String, for a model card.
    """

    def __init__(self, model) -> None:
        self.model = model
        self.dim = model.encoder.output_shape[-1]
        self.key = f"encoder {fingerprint(model)}"
        self.name = model.record.base or "an encoder"

    def __call__(self, rows: list[int], texts: list[str]) -> np.ndarray:
        chunks = encode_in_chunks(self.model, texts)
        return np.concatenate([embeddings for embeddings, _ in chunks])

    def check_number(self, num_texts: int) -> None:
        """Always passes: a model has a vector for every text."""


class GivenVectors:
    """Vectors from elsewhere: row `i` belongs to text `i`.

    Args:
        vectors: Array of shape `(num_texts, teacher_dim)`.
        digest: String, which identifies them.
        name: String, for a model card.

    Attributes are those of `ModelTeacher`; `model` is `None`.
    """

    model: Any = None

    def __init__(self, vectors, digest: str, name: str) -> None:
        is_number = np.issubdtype(vectors.dtype, np.number)
        if vectors.ndim != 2 or not is_number or not vectors.size:
            raise ValueError(
                "A teacher's vectors must be numbers of the shape (num_texts, "
                f"teacher_dim). Received: {vectors.dtype} of the shape "
                f"{vectors.shape} in {name}"
            )
        self.dim = vectors.shape[1]
        self.key = f"vectors {digest}"
        self.name = name
        self._vectors = vectors

    def __call__(self, rows: list[int], texts: list[str]) -> np.ndarray:
        if rows[-1] >= len(self._vectors):
            self._refuse(f"more than {rows[-1]}")
        vectors = np.asarray(self._vectors[rows], "float32")
        lengths = np.linalg.norm(vectors, axis=1)
        wrong = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
        if wrong.size:
            raise ValueError(
                "A teacher's vectors must be finite, and none of length 0. "
                f"Received: row {rows[wrong[0]]} of {self.name}"
            )
        return vectors

    def check_number(self, num_texts: int) -> None:
        """Raises a ValueError if there are more vectors than texts."""
        if num_texts != len(self._vectors):
            self._refuse(str(num_texts))

    def _refuse(self, num_texts: str) -> None:
        raise ValueError(
            "A teacher must have a vector for every text, empty ones counted. "
            f"Received: {len(self._vectors)} vectors in {self.name}, and "
            f"{num_texts} texts"
        )


def _open_file(path: pathlib.Path) -> GivenVectors:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with content_errors(path, "holds no vectors"):
        if path.suffix == ARRAY_SUFFIX:
            vectors: Any = _Array(path)
        else:
            vectors = _Table(path)
        return GivenVectors(vectors, digest, path.name)


class _Array:
    """A `.npy` file, mapped again for every read to free its pages."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        array = np.load(path, mmap_mode="r")
        self.shape, self.dtype = array.shape, array.dtype
        self.ndim, self.size = array.ndim, array.size

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: list[int]) -> np.ndarray:
        return np.load(self._path, mmap_mode="r")[rows]


class _Table:
    """A column of vectors in a Parquet file, read in order."""

    ndim = 2
    dtype = np.dtype("float32")

    def __init__(self, path: pathlib.Path) -> None:
        parquet = import_optional("pyarrow.parquet", "files")
        types = import_optional("pyarrow.types", "files")
        self._file = parquet.ParquetFile(path)
        schema = self._file.schema_arrow
        columns = [
            field.name
            for field in schema
            if types.is_list(field.type)
            or types.is_fixed_size_list(field.type)
            or types.is_large_list(field.type)
        ]
        if len(columns) != 1:
            raise ValueError(
                "it must have one column of lists of numbers. "
                f"Received: {columns or schema.names}"
            )
        self._column = columns[0]
        self._size = self._file.metadata.num_rows
        self._start, self._block = 0, np.empty((0, 0), "float32")
        self._blocks = self._read()
        self._next()
        self.shape = (self._size, self._block.shape[1])
        self.size = self._size * self.shape[1]

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, rows: list[int]) -> np.ndarray:
        found = np.empty((len(rows), self.shape[1]), "float32")
        for place, row in enumerate(rows):
            while row >= self._start + len(self._block):
                self._next()
            found[place] = self._block[row - self._start]
        return found

    def _next(self) -> None:
        self._start += len(self._block)
        self._block = next(self._blocks)

    def _read(self):
        for batch in self._file.iter_batches(
            _BLOCK_SIZE, columns=[self._column]
        ):
            column = batch.column(0)
            if column.null_count:
                raise ValueError("a vector is missing")
            flat = column.flatten().to_numpy(zero_copy_only=False)
            rows = np.asarray(flat, "float32").reshape(len(column), -1)
            yield rows
