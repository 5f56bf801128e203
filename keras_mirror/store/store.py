"""An index's documents and vectors together: in memory, or in a folder."""

import contextlib
import copy
import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

import apsw
import numpy as np

from keras_mirror.lock import Lock
from keras_mirror.store.compaction import compact
from keras_mirror.store.compaction import needs_compaction
from keras_mirror.store.database import DATABASE
from keras_mirror.store.database import create_database
from keras_mirror.store.database import database_errors
from keras_mirror.store.database import open_database
from keras_mirror.store.database import transaction
from keras_mirror.store.documents import Document
from keras_mirror.store.documents import Documents
from keras_mirror.store.index_errors import index_errors
from keras_mirror.store.settings import Settings
from keras_mirror.store.settings import forget_signs
from keras_mirror.store.settings import read_settings
from keras_mirror.store.settings import write_settings
from keras_mirror.store.signs import Signs
from keras_mirror.store.signs import StoredSigns
from keras_mirror.store.trigrams import TrigramScores
from keras_mirror.store.vector_search import is_exact
from keras_mirror.store.vectors import FileVectors
from keras_mirror.store.vectors import MemoryVectors

_NUM_SAMPLED = 10_000
# Files that a store writes beside its database; older versions wrote graphs.
_FILES = re.compile(r"(?:vectors|signs|graph)(?:-(\d+))?\.(?:npy|bin|usearch)")


class Snapshot(NamedTuple):
    """The state that a search uses while others add texts.

    Args:
        embeddings: Float32 array, the vectors of all slots.
        mask: Boolean array of the slots that are not removed, or `None`.
        signs: `Signs`, or `None` if searches compare all vectors.
        version: Object that stays equal as long as nothing changes.
    """

    embeddings: Any
    mask: Any
    signs: Signs | None
    version: object


class Store:
    """Documents, vectors and their signs that belong together.

    Several threads may use it, and several processes may use one folder: one of
    them writes at a time, and the others see a change once it is complete.

    Args:
        connection: An `apsw.Connection` of `database`.
        settings: A `Settings`.
        folder: `pathlib.Path`, or `None` for one in memory.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        settings: Settings,
        folder: pathlib.Path | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.lock = Lock()
        self.connection = connection
        self.documents = Documents(connection)
        self._vectors: MemoryVectors | FileVectors
        if folder is None:
            self._vectors = MemoryVectors(settings.embedding_dim)
        else:
            self._vectors = _file_vectors(folder, settings)
        self._signs = StoredSigns(folder)
        self._mask: tuple[object, Any] = None, None
        self._trigrams: TrigramScores | None = None
        self._num_sampled = 0
        self._changes = 0
        self._seen = self._data_version()

    @classmethod
    def new(
        cls,
        embedding_dim: int,
        exact: bool | None = None,
        folder: str | os.PathLike | None = None,
    ) -> "Store":
        """Makes an empty store, in memory or in an empty folder."""
        settings = Settings(embedding_dim, exact=exact)
        if folder is None:
            connection = create_database()
        else:
            folder = pathlib.Path(folder)
            connection = create_database(folder / DATABASE)
        write_settings(connection, settings)
        store = cls(connection, settings, folder)
        with store.change():
            store.write_vectors(np.empty((0, embedding_dim), "float32"))
        return store

    @classmethod
    def open(cls, folder: str | os.PathLike) -> "Store":
        """Opens a folder; only its settings are read.

        Raises:
            ValueError: It is damaged, or something else.
        """
        folder = pathlib.Path(folder)
        with index_errors(folder):
            connection = open_database(folder / DATABASE)
            store = cls(connection, read_settings(connection), folder)
            store.embeddings()  # the file must be long enough
            return store

    def __reduce__(self) -> tuple:
        if self.folder is not None:
            return Store.open, (self.folder,)
        with self.lock:
            return _restored, (
                self.connection.serialize("main"),
                self.settings,
                self.embeddings().copy(),
            )

    def __len__(self) -> int:
        return self.settings.num_documents

    @property
    def name(self) -> str:
        """The name of the store in errors."""
        return os.fspath(self.folder or "index")

    @contextlib.contextmanager
    def change(self) -> Iterator[Settings]:
        """A context whose changes are made completely or not at all.

        Yields:
            The `Settings`, to be changed too.
        """
        with self.lock, database_errors(self.name, self.connection):
            before = self._vectors, copy.copy(self._signs)
            try:
                with transaction(self.connection):
                    self._take(self._settings())
                    yield self.settings
                    self._compact()
                    self._grow_signs()
                    write_settings(self.connection, self.settings)
            except BaseException:
                self._vectors, self._signs = before
                raise
            finally:
                self._changes += 1
                self._take(self._settings())
        self._tidy()

    def write_vectors(self, embeddings) -> int:
        """Appends vectors, in `change`; returns the place of the first."""
        start = self.settings.num_vectors
        self._vectors.write(start, embeddings)
        self.settings.num_vectors += len(embeddings)
        return start

    def embeddings(self):
        """The vectors of all slots, also of removed texts."""
        with self.lock:
            return self._vectors.read(self.settings.num_vectors)

    def texts(self) -> list[str]:
        """The texts of all documents, in their order."""
        with self.lock, database_errors(self.name, self.connection):
            return [each.text for each, _ in self.documents]

    def contents(self) -> tuple[list[tuple[Document, int]], Any]:
        """All documents as they are now with their slots, and all vectors."""
        self.refresh()
        with self.lock, database_errors(self.name, self.connection):
            return list(self.documents), self.embeddings()

    def snapshot(self) -> Snapshot:
        """The current state, for a search."""
        while True:
            version = self.refresh()
            try:
                return self._snapshot(version)
            except FileNotFoundError:
                # Otherwise another process has just replaced the file.
                if self.refresh() == version:
                    raise

    def _snapshot(self, version: object) -> Snapshot:
        with self.lock, database_errors(self.name, self.connection):
            embeddings = self.embeddings()
            if self._mask[0] != version:
                self._mask = version, self._removed_mask(len(embeddings))
            signs = None
            if not is_exact(self.settings.exact, len(embeddings)):
                signs = self._signs.current(self.settings)
            return Snapshot(embeddings, self._mask[1], signs, version)

    def refresh(self) -> object:
        """Reads what other processes wrote; returns the version."""
        with self.lock, database_errors(self.name, self.connection):
            seen = self._data_version()
            if seen != self._seen:
                self._seen = seen
                self._changes += 1
                self._take(self._settings())
            return self._changes

    def trigram_scores(self) -> TrigramScores:
        """The `TrigramScores` of a sample of texts from all over the store."""
        with self.lock:
            if self._trigrams is None or self._num_sampled * 2 < len(self):
                number = self.settings.num_vectors
                step = max(1, number // _NUM_SAMPLED)
                texts = self.documents.texts_of_slots(range(0, number, step))
                self._trigrams = TrigramScores(filter(None, texts))
                self._num_sampled = len(self)
            return self._trigrams

    def copy_to(self, folder: pathlib.Path, **changes: Any) -> None:
        """Writes the store into an empty folder.

        Args:
            folder: `pathlib.Path`.
            **changes: Fields of `Settings` with other values.
        """
        with self.lock:
            target = create_database(folder / DATABASE)
            with contextlib.closing(target), database_errors(folder, target):
                with target.backup("main", self.connection, "main") as backup:
                    backup.step()
                other = Store(target, self._settings(), folder)
                settings = other.settings
                settings.num_vectors = settings.file_number = 0
                settings.vectors = "vectors.npy"
                forget_signs(settings)
                other._vectors = _file_vectors(folder, settings)
                with transaction(target):
                    for name, value in changes.items():
                        setattr(settings, name, value)
                    other.write_vectors(self.embeddings())
                    other._grow_signs()
                    write_settings(target, settings)
                other._tidy()

    def _take(self, settings: Settings) -> None:
        """Switches to new settings, which may name other files."""
        self.settings = settings
        if isinstance(self._vectors, FileVectors) and self.folder:
            if self._vectors.path.name != settings.vectors:
                self._vectors = _file_vectors(self.folder, settings)

    def _compact(self) -> None:
        removed = self.documents.removed_slots()
        if not needs_compaction(self.settings, len(removed)):
            return
        embeddings = self.embeddings()
        if self.folder is None:
            self._vectors = MemoryVectors(self.settings.embedding_dim)
        else:
            self.settings.file_number += 1
            self.settings.vectors = f"vectors-{self.settings.file_number}.npy"
            self._vectors = _file_vectors(self.folder, self.settings)
        compact(
            self.connection, self.settings, embeddings, removed, self._vectors
        )

    def _grow_signs(self) -> None:
        embeddings = self.embeddings()
        if not is_exact(self.settings.exact, len(embeddings)):
            self._signs.grow(self.settings, embeddings)

    def _settings(self) -> Settings:
        with index_errors(self.name):
            return read_settings(self.connection)

    def _data_version(self) -> int:
        # It changes after another connection wrote.
        [(version,)] = self.connection.execute("PRAGMA data_version")
        return version

    def _removed_mask(self, number: int):
        removed = self.documents.removed_slots()
        if not removed:
            return None
        mask = np.ones(number, bool)
        with index_errors(self.name):
            mask[removed] = False
        return mask

    def _tidy(self) -> None:
        """Writes the number of vectors for other readers; drops old files."""
        if not isinstance(self._vectors, FileVectors):
            return
        self._vectors.tell_number(self.settings.num_vectors)
        used = {self.settings.vectors, self.settings.signs}
        for path in self._vectors.path.parent.iterdir():
            number = _FILES.fullmatch(path.name)
            # Files with larger numbers belong to another process's next change.
            is_old = number and int(number[1] or 0) < self.settings.file_number
            if is_old and path.name not in used:
                path.unlink(missing_ok=True)


def _file_vectors(folder: pathlib.Path, settings: Settings) -> FileVectors:
    return FileVectors(folder / settings.vectors, settings.embedding_dim)


def _restored(database: bytes, settings: Settings, embeddings) -> Store:
    connection = create_database()
    connection.deserialize("main", database)
    store = Store(connection, settings)
    store._vectors.write(0, embeddings)
    with store.change():  # makes the signs anew
        forget_signs(store.settings)
    return store
