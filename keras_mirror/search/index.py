import os
from typing import NamedTuple

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.data import as_strings
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.lock import Lock
from keras_mirror.metrics.unit_length import unit_rows
from keras_mirror.search.distinct_texts import DistinctTexts
from keras_mirror.search.index_file import IndexContent
from keras_mirror.search.index_file import index_errors
from keras_mirror.search.index_file import read_index
from keras_mirror.search.index_file import write_index
from keras_mirror.search.unit_embeddings import OnProgress
from keras_mirror.search.unit_embeddings import unit_embeddings
from keras_mirror.search.vector_search import VectorSearch


class SearchResult(NamedTuple):
    """A text that was found.

    Args:
        text: String.
        similarity: Float, its cosine with the query.
        row: Integer, its place in the index, from 0.
    """

    text: str
    similarity: float
    row: int


class Index:
    """Texts and their embeddings, to find those that mean what a query says.

    Up to 100,000 different texts every search looks at all of them, which
    takes milliseconds. Of more, a graph finds nearly the same ones faster
    still (extra `[search]`); the first search or `save` builds it.

    Every text has a row, in the order in which texts are added. A text that
    is added again has another row and the same vector, and both are found.
    Texts of white space only are never found, and find nothing.

    Several threads may use an index at once. One of them adds at a time, and
    `save` beside `add` writes all texts of that call or none.

    Args:
        model: A `MirrorModel`. It must not train while the index is in use.
        exact: Boolean. Whether a search looks at all embeddings, however many.
            Defaults to `None`: up to 100,000.

    Example:

    >>> index = Index(model)
    >>> index.add(["a man plays", "two dogs run", "a cat sleeps"])
    >>> [results] = index.query("two dogs run", k=2)
    >>> results[0].text, results[0].row, round(results[0].similarity, 3)
    ('two dogs run', 1, 1.0)
    """

    def __init__(self, model, exact: bool | None = None) -> None:
        if exact not in (None, True, False):
            raise ValueError(
                "`exact` must be True, False or None. "
                f"Received: exact={exact!r}"
            )
        self.model = model
        self._texts = DistinctTexts()
        self._search = VectorSearch(unit_embeddings(model, []), exact)
        self._fingerprint: str | None = None
        self._adding = Lock()

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def texts(self) -> list[str]:
        """List of all texts, row by row. Not to be changed."""
        return self._texts.texts

    @property
    def exact(self) -> bool | None:
        return self._search.exact

    def add(
        self,
        texts,
        batch_size: int | None = None,
        on_progress: OnProgress = None,
        prompt: str | None = None,
    ) -> None:
        """Encodes texts and puts them behind those that are there.

        All of them or, where something goes wrong, none.

        Args:
            texts: A string, or a list or array of strings.
            batch_size: Integer, see `MirrorModel.encode_text`. Defaults to
                `None`.
            on_progress: Function of the number of texts just encoded: each
                different one once. Defaults to `None`.
            prompt: String, the name of the model's prompt to put before
                texts. Defaults to `None`: the one for documents, if it has
                one.

        Raises:
            TypeError: An element is not a string.
            ValueError: The model gives NaN, has trained since the last call,
                or has no such prompt.
            ImportError: So many texts need the extra `[search]`.
        """
        texts = as_strings(texts)
        if prompt is None:
            prompt = self._prompt_of("document")
        with self._adding:
            new = self._texts.new(texts)
            self._search.prepare(len(self._search) + len(new))
            now = self._checked_fingerprint()
            embeddings = unit_embeddings(
                self.model, new, batch_size, on_progress, prompt
            )
            with self._search.lock:
                self._fingerprint = now
                # First the texts: a query needs those of what it finds.
                self._texts.extend(texts)
                self._search.extend(embeddings)

    def query(
        self, text, k: int = 10, prompt: str | None = None
    ) -> list[list[SearchResult]]:
        """Finds the texts that are most similar to each query.

        Args:
            text: A string, or a list or array of strings.
            k: Positive integer, the number of results. Defaults to `10`; all
                texts where there are not as many.
            prompt: String, the name of the model's prompt to put before
                queries. Defaults to `None`: the one for queries, if it has
                one.

        Returns:
            A list with a list of `SearchResult`s for every query, one for a
            single string: most similar first, and of equally similar texts,
            the one that was added first.

        Raises:
            TypeError: An element is not a string.
            ValueError: `k` is not a positive integer, the model gives NaN, or
                it has no such prompt.
        """
        k = check_integer("k", k)
        queries = as_strings(text)
        asked = [query for query in queries if query.strip()]
        if prompt is None:
            prompt = self._prompt_of("query")
        embeddings = unit_embeddings(self.model, asked, prompt=prompt)
        found = iter(self.query_embeddings(embeddings, k))
        return [next(found) if query.strip() else [] for query in queries]

    def query_embeddings(
        self, embeddings, k: int = 10
    ) -> list[list[SearchResult]]:
        """As `query`, for queries that are encoded already.

        Args:
            embeddings: Array of shape `(num_queries, embedding_dim)`.
            k: As in `query`.

        Returns:
            As `query`.
        """
        k = check_integer("k", k)
        embeddings = np.asarray(embeddings, dtype="float32")
        embedding_dim = self._search.embeddings.shape[1]
        if embeddings.shape[1:] != (embedding_dim,) or not (
            np.isfinite(embeddings).all()
        ):
            raise ValueError(
                "`embeddings` must be numbers of shape (num_queries, "
                f"{embedding_dim}), finite. Received: "
                f"shape={embeddings.shape}"
            )
        if not len(self._search):
            return [[] for _ in embeddings]
        num_found = min(k, len(self._search))
        found = self._search.nearest(unit_rows(embeddings), num_found)
        return [
            self._results(similarities, rows, k)
            for similarities, rows in zip(*found, strict=True)
        ]

    def save(
        self,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        archive: str | os.PathLike[str] | None = None,
    ) -> None:
        """Writes the texts, their embeddings and what tells the encoder apart.

        Args:
            path: String or path of one file.
            overwrite: Boolean, whether an existing file may be replaced.
                Defaults to `False`.
            archive: String or path of the model's archive or folder, for the
                command line to find: kept relative to `path`. Or the name of
                its preset. Defaults to `None`.

        Raises:
            FileExistsError: `path` exists.
        """
        with self._search.lock:
            content = IndexContent(
                fingerprint=self._fingerprint or fingerprint(self.model),
                exact=self.exact,
                archive=archive,
                texts=list(self.texts),
                embeddings=self._search.embeddings,
                graph=self._search.graph_bytes(),
            )
        write_index(path, content, overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str], model) -> "Index":
        """Opens an index that was saved.

        Args:
            path: String or path.
            model: The `MirrorModel` that it was built with.

        Returns:
            An `Index`.

        Raises:
            ValueError: The file is damaged or no index, or it was built with
                another encoder.
            ImportError: So many texts need the extra `[search]`.
        """
        content = read_index(path)
        index = cls(model, content.exact)
        index._fingerprint = fingerprint(model)
        if content.fingerprint != index._fingerprint:
            raise ValueError(
                f"'{path}' must be opened with the encoder that it was built "
                f"with, of fingerprint {content.fingerprint}. Received: a "
                f"model of fingerprint {index._fingerprint}. Load that "
                "archive, or build the index anew"
            )
        index._texts.extend(content.texts)
        with index_errors(path):
            index._search = VectorSearch(
                content.embeddings, content.exact, content.graph
            )
        return index

    def _checked_fingerprint(self) -> str:
        now = fingerprint(self.model)
        if len(self._search) and now != self._fingerprint:
            raise ValueError(
                "`model` must stay as it was when the first texts were added, "
                f"of fingerprint {self._fingerprint}. Received: a model of "
                f"fingerprint {now}. Make a new index"
            )
        return now

    def _prompt_of(self, role: str) -> str | None:
        return self.model.preprocessor.prompts.name_of_role(role)

    def _results(self, similarities, numbers, k: int) -> list[SearchResult]:
        results: list[SearchResult] = []
        for similarity, number in zip(similarities, numbers, strict=True):
            cosine = min(max(float(similarity), -1.0), 1.0)
            for row in self._texts.rows[number][: k - len(results)]:
                results.append(SearchResult(self.texts[row], cosine, row))
        return results
