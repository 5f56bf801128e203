import os
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.data import as_strings
from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.forward.forward_encoder import check_encoder
from keras_mirror.lock import Lock
from keras_mirror.search.unit_embeddings import OnProgress
from keras_mirror.search.unit_embeddings import unit_embeddings
from keras_mirror.store.answers import check_mode
from keras_mirror.store.answers import find_answers
from keras_mirror.store.arrow import to_arrow
from keras_mirror.store.batch import Batch
from keras_mirror.store.batch import check_new
from keras_mirror.store.batch import put
from keras_mirror.store.batch import remove
from keras_mirror.store.index_folder import open_index
from keras_mirror.store.index_folder import save_index
from keras_mirror.store.search_result import SearchResult
from keras_mirror.store.store import Store
from keras_mirror.unit_rows import unit_rows


class Index:
    """Texts, ids, metadata and embeddings, searched by meaning.

    An index is in memory until `save` writes its folder. `load` opens a folder
    of any size at once, and every later `add`, `upsert` and `remove` is written
    there: completely or, if something fails, not at all.

    With up to 100,000 different texts, a search compares the query with all of
    them, which takes milliseconds. With more texts, it compares only those
    whose sign codes are most like the query's, which finds nearly the same
    texts in less time.

    Every text has a row, in the order of adding, and an id. A text that is
    added again gets another row with the same vector, and both rows are found.
    Texts of white space only are never found, and such queries find nothing.

    Several threads may use an index at once, and several processes one folder.
    One of them changes it at a time.

    Args:
        model: A `MirrorModel`, which must not train while the index is in use,
            or a `ForwardEncoder`.
        exact: Boolean. Whether a search compares all embeddings. Defaults to
            `None`: up to 100,000 embeddings.

    Example:

    >>> index = Index(model)
    >>> index.add(
    ...     ["a man plays", "two dogs run", "a cat sleeps"],
    ...     ids=["m1", "m2", "w1"],
    ...     metadata=[{"by": "mail"}, {"by": "mail"}, {"by": "web"}],
    ... )
    >>> [results] = index.query("two dogs run", k=2)
    >>> results[0].text, results[0].id, round(results[0].similarity, 3)
    ('two dogs run', 'm2', 1.0)
    >>> [[result]] = index.query("two dogs", where="by = 'web'")
    >>> result.id, result.metadata
    ('w1', {'by': 'web'})
    """

    def __init__(self, model, exact: bool | None = None) -> None:
        if exact not in (None, True, False):
            raise ValueError(
                "`exact` must be True, False or None. "
                f"Received: exact={exact!r}"
            )
        check_encoder(model)
        self.model = model
        self._store = Store.new(model.encoder.output_shape[-1], exact)
        self._adding = Lock()

    def __len__(self) -> int:
        self._store.refresh()
        return self._store.settings.num_documents

    @property
    def texts(self) -> list[str]:
        """List of all texts, in the order of adding."""
        return self._store.texts()

    @property
    def exact(self) -> bool | None:
        return self._store.settings.exact

    def add(
        self,
        texts,
        batch_size: int | None = None,
        on_progress: OnProgress = None,
        prompt: str | None = None,
        ids: Sequence[str] | None = None,
        metadata: Sequence[Mapping[str, Any] | None] | None = None,
    ) -> None:
        """Encodes texts and appends them.

        Args:
            texts: A string, or a list or array of strings.
            batch_size: Integer, see `MirrorModel.encode_text`. Defaults to
                `None`.
            on_progress: Function of the number of texts just encoded; equal
                texts count once. Defaults to `None`.
            prompt: String, the name of the model's prompt to put before texts.
                Defaults to `None`: the prompt for documents, if the model has
                one.
            ids: List of different strings. Defaults to `None`: the numbers of
                texts in the order of adding, `"1"` first.
            metadata: List of dicts of strings, numbers, booleans and `None`,
                for `where`. Defaults to `None`.

        Raises:
            TypeError: An element is not a string.
            ValueError: An id exists already, or the model gives NaN, was
                trained since the last call, or has no such prompt.
        """
        batch = Batch.of(texts, ids, metadata)
        self._write(batch, False, batch_size, on_progress, prompt)

    def upsert(
        self,
        texts,
        ids: Sequence[str],
        metadata: Sequence[Mapping[str, Any] | None] | None = None,
        batch_size: int | None = None,
        on_progress: OnProgress = None,
        prompt: str | None = None,
    ) -> None:
        """Does `add`, but replaces the texts of ids that exist already.

        A replaced text keeps its row. Only new texts are encoded.

        Args:
            texts, metadata, batch_size, on_progress, prompt: See `add`.
            ids: List of strings, different ones.

        Raises:
            TypeError, ValueError: See `add`.
        """
        batch = Batch.of(texts, ids, metadata)
        self._write(batch, True, batch_size, on_progress, prompt)

    def remove(self, ids: str | Sequence[str]) -> None:
        """Removes texts.

        Args:
            ids: A string, or a list of strings.

        Raises:
            ValueError: An id does not exist; then nothing is removed.
        """
        with self._adding:
            remove(self._store, as_strings(ids))

    def query(
        self,
        text,
        k: int = 10,
        prompt: str | None = None,
        where: str | None = None,
        mode: str = "vector",
    ) -> list[list[SearchResult]]:
        """Finds the texts that answer each query best.

        Args:
            text: A string, or a list or array of strings.
            k: Positive integer, the number of results. Defaults to `10`; all
                texts if there are fewer.
            prompt: String, the name of the model's prompt to put before
                queries. Defaults to `None`: the prompt for queries, if the
                model has one.
            where: String, a condition that the metadata must meet, such as
                `"source = 'mail' AND date > '2026-01-01'"`: see
                `keras_mirror.store.where.parse_where`. Defaults to `None`.
            mode: String. `"vector"` compares embeddings, `"keyword"` compares
                words (BM25), and `"hybrid"` ranks the best results of both by
                cosine and shared spelling. Defaults to `"vector"`.

        Returns:
            A list with one list of `SearchResult`s per query, also for a single
            string: best first, and in a tie, the text added first. Their
            `score` is the cosine, BM25, or a weighted mean of standard scores.

        Raises:
            TypeError: An element is not a string.
            ValueError: `k` is not a positive integer, `where` is not a
                condition, or the model gives NaN or has no such prompt.
        """
        k = check_integer("k", k)
        check_mode(mode)
        queries = as_strings(text)
        asked = [query for query in queries if query.strip()]
        embeddings = None
        if mode != "keyword":
            prompt = prompt or self._prompt_of("query")
            embeddings = unit_embeddings(self.model, asked, prompt=prompt)
        found = iter(
            find_answers(self._store, asked, embeddings, k, where, mode)
        )
        return [next(found) if query.strip() else [] for query in queries]

    def query_embeddings(
        self, embeddings, k: int = 10, where: str | None = None
    ) -> list[list[SearchResult]]:
        """Does `query` for queries that are encoded already.

        Args:
            embeddings: Array of shape `(num_queries, embedding_dim)`.
            k, where: As in `query`.

        Returns:
            As `query`.
        """
        k = check_integer("k", k)
        embeddings = np.asarray(embeddings, dtype="float32")
        embedding_dim = self._store.settings.embedding_dim
        if embeddings.shape[1:] != (embedding_dim,) or not (
            np.isfinite(embeddings).all()
        ):
            raise ValueError(
                "`embeddings` must be numbers of shape (num_queries, "
                f"{embedding_dim}), finite. Received: "
                f"shape={embeddings.shape}"
            )
        return find_answers(self._store, [], unit_rows(embeddings), k, where)

    def save(
        self,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        archive: str | os.PathLike[str] | None = None,
    ) -> None:
        """Writes the index to a folder, with a fingerprint of the encoder.

        Args:
            path: String or path.
            overwrite: Boolean, whether an existing index may be replaced.
                Defaults to `False`.
            archive: String or path of the model's archive or folder, stored
                relative to `path` for the command line; or the name of its
                preset. Defaults to `None`.

        Raises:
            FileExistsError: `path` exists, or is not an index.
        """
        now = self._store.settings.fingerprint or _fingerprint(self.model)
        save_index(self._store, path, overwrite, now, archive)

    def to_arrow(self):
        """Puts ids, texts, metadata and embeddings into a `pyarrow.Table`.

        The column `vector` holds float32 rows of length 1, and null for texts
        of white space. Needs the extra `[files]`.

        Returns:
            A `pyarrow.Table`, see `keras_mirror.store.arrow.ArrowRows`.
        """
        return to_arrow(self._store)

    @classmethod
    def load(cls, path: str | os.PathLike[str], model) -> "Index":
        """Opens a saved index.

        Args:
            path: String or path. The file of an older version is read into
                memory.
            model: The `MirrorModel` that it was built with, or a
                `ForwardEncoder` of it.

        Returns:
            An `Index`.

        Raises:
            ValueError: The index is damaged, not an index, or was built with
                another encoder.
        """
        index = cls(model)
        index._store = open_index(path)
        found, wanted = _fingerprint(model), index._store.settings.fingerprint
        if found != wanted:
            raise ValueError(
                f"'{path}' must be opened with the encoder that it was built "
                f"with, of fingerprint {wanted}. Received: a model of "
                f"fingerprint {found}. Load that encoder, or build the index "
                "again"
            )
        return index

    def _write(
        self, batch: Batch, replace: bool, batch_size, on_progress, prompt
    ) -> None:
        if prompt is None:
            prompt = self._prompt_of("document")
        store = self._store
        vectors: dict[str, Any] = {}
        with self._adding:
            store.refresh()
            now = self._checked_fingerprint()
            while True:
                with store.lock:
                    if not replace:
                        check_new(store, batch)
                    new = store.documents.unknown(batch.texts)
                new = [text for text in new if text not in vectors]
                embeddings = unit_embeddings(
                    self.model, new, batch_size, on_progress, prompt
                )
                vectors.update(zip(new, embeddings, strict=True))
                # Another process may have removed the file just now.
                with store.change() as settings:
                    missing = store.documents.unknown(batch.texts)
                    if vectors.keys() >= set(missing):
                        self._check_fingerprint(now)
                        settings.fingerprint = now
                        put(store, batch, vectors, replace)
                        return

    def _checked_fingerprint(self) -> str:
        now = _fingerprint(self.model)
        self._check_fingerprint(now)
        return now

    def _check_fingerprint(self, now: str) -> None:
        before = self._store.settings.fingerprint
        if self._store.settings.num_vectors and now != before:
            raise ValueError(
                "`model` must not change after the first texts were added, "
                f"with fingerprint {before}. Received: a model of fingerprint "
                f"{now}. Make a new index"
            )

    def _prompt_of(self, role: str) -> str | None:
        return self.model.preprocessor.prompts.name_of_role(role)


def _fingerprint(model) -> str:
    if isinstance(model, ForwardEncoder):
        return model.fingerprint
    from keras_mirror.encoder.fingerprint import fingerprint  # needs Keras

    return fingerprint(model)
