"""Converts an index to an Arrow table, which databases and data frames read."""

import json
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_mirror.data import batched
from keras_mirror.optional import import_optional
from keras_mirror.store.index_errors import index_errors
from keras_mirror.store.store import Store

# Formats of files and the endings of their names.
SUFFIXES = {"parquet": ".parquet", "arrow": ".arrow"}
_ROWS_AT_ONCE = 10_000
_OURS = ("id", "text", "vector")


class ArrowRows:
    """The rows of an index at one moment, batch by batch.

    Later changes of the index are not seen. Memory holds texts and metadata,
    but for an index in a folder only one batch of vectors.

    Args:
        store: A `Store`.

    Attributes:
        schema: A `pyarrow.Schema`: `id`, `text`, a column for each name of
            metadata, and `vector`.

    Raises:
        ImportError: The extra `[files]` is not installed.
    """

    def __init__(self, store: Store) -> None:
        self._arrow: Any = import_optional("pyarrow", "files")
        self._name = store.name
        with store.lock:
            self._documents, self._embeddings = store.contents()
            names = list(store.settings.columns)
        with index_errors(self._name):
            self._columns = self._typed_columns(names)
        vector = self._arrow.list_(
            self._arrow.float32(), store.settings.embedding_dim
        )
        fields = [("id", self._arrow.string()), ("text", self._arrow.string())]
        fields += [
            (_field_name(name), kind) for name, kind in self._columns.items()
        ]
        self.schema = self._arrow.schema([*fields, ("vector", vector)])

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator:
        """Yields `pyarrow.RecordBatch`es."""
        with index_errors(self._name):
            for documents in batched(self._documents, _ROWS_AT_ONCE):
                yield self._batch(documents)

    def _batch(self, rows: list):
        documents, slots = zip(*rows, strict=True)
        metadata = [json.loads(each.metadata) for each in documents]
        columns = [[each.id for each in documents]]
        columns += [[each.text for each in documents]]
        for name, kind in self._columns.items():
            values = [each.get(name) for each in metadata]
            convert = _CONVERTED.get(str(kind))
            columns.append(list(map(convert, values)) if convert else values)
        arrays = [
            self._arrow.array(values, field.type)
            for values, field in zip(columns, self.schema, strict=False)
        ]
        vectors = self._vectors(np.array(slots))
        return self._arrow.record_batch([*arrays, vectors], self.schema)

    def _vectors(self, slots):
        """Null for texts of white space, which have no vector."""
        is_missing = slots < 0
        rows = np.zeros((len(slots), self._embeddings.shape[1]), "float32")
        rows[~is_missing] = self._embeddings[slots[~is_missing]]
        return self._arrow.FixedSizeListArray.from_arrays(
            self._arrow.array(rows.ravel()),
            rows.shape[1],
            mask=self._arrow.array(is_missing),
        )

    def _typed_columns(self, names: list[str]) -> dict[str, Any]:
        """The Arrow types of metadata columns, in the order of `names`.

        Columns that no row has any more are left out.
        """
        kinds: dict[str, set] = {name: set() for name in names}
        for document, _ in self._documents:
            for name, value in json.loads(document.metadata).items():
                kinds.setdefault(name, set()).add(_kind(value))
        return {
            name: self._type(found - {type(None)})
            for name, found in kinds.items()
            if found
        }

    def _type(self, kinds: set[type]):
        if kinds == {bool}:
            return self._arrow.bool_()
        if kinds == {int}:
            return self._arrow.int64()
        if kinds and kinds <= {int, float}:
            return self._arrow.float64()
        return self._arrow.string()


def to_arrow(store: Store):
    """Puts all rows of an index into a `pyarrow.Table`.

    Args:
        store: A `Store`.

    Returns:
        A `pyarrow.Table`, see `ArrowRows`.
    """
    rows = ArrowRows(store)
    arrow = import_optional("pyarrow", "files")
    return arrow.Table.from_batches(list(rows), rows.schema)


def write_arrow(
    store: Store, path: str | os.PathLike[str], format: str
) -> None:
    """Writes all rows of an index to a file, batch by batch.

    Args:
        store: A `Store`.
        path: String or path.
        format: String, a key of `SUFFIXES`: Parquet, or the file format of
            Arrow, which is also called Feather.

    Raises:
        ImportError: The extra `[files]` is not installed.
    """
    rows = ArrowRows(store)
    with _writer(path, format, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)


def _writer(path: str | os.PathLike[str], format: str, schema):
    if format == "arrow":
        ipc = import_optional("pyarrow.ipc", "files")
        return ipc.new_file(os.fspath(path), schema)
    parquet = import_optional("pyarrow.parquet", "files")
    # Vectors, ids and texts rarely repeat: a dictionary would only take time.
    repeated = [name for name in schema.names if name not in _OURS]
    return parquet.ParquetWriter(
        os.fspath(path), schema, use_dictionary=repeated
    )


def _field_name(name: str) -> str:
    """Renames metadata like our columns; databases ignore case in names."""
    return f"metadata_{name}" if name.casefold() in _OURS else name


def _kind(value) -> type:
    """The type of a value; integers beyond 64 bits become text."""
    is_large = type(value) is int and not -(2**63) <= value < 2**63
    return str if is_large else type(value)


def _as_text(value) -> str | None:
    """A value as text, for mixed columns: numbers and booleans as in JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _as_float(value) -> float | None:
    return None if value is None else float(value)


_CONVERTED = {"string": _as_text, "double": _as_float}
