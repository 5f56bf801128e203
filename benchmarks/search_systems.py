"""Indexes of several makers with one interface, for `search.py`.

Each keeps its texts, but that of FAISS, which has vectors only. What `add` and
`remove` did is on the disk when they return.
"""

import pathlib

import numpy as np

from keras_mirror.store.answers import find_answers
from keras_mirror.store.batch import Batch
from keras_mirror.store.batch import put
from keras_mirror.store.batch import remove
from keras_mirror.store.store import Store

# Of the graph of FAISS: usual ones, whose recall is that of a good default.
CONNECTIVITY, EXPANSION = 16, 128


class Ours:
    exact: bool | None = False

    def build(self, folder, texts, vectors):
        self.store = Store.new(vectors.shape[1], self.exact, folder)
        self.add(texts, vectors)

    def open(self, folder):
        self.store = Store.open(folder)

    def add(self, texts, vectors):
        by_text = dict(zip(texts, vectors, strict=True))
        with self.store.change():
            put(self.store, Batch.of(texts), by_text, replace=False)

    def remove(self, places):
        remove(self.store, [str(place + 1) for place in places])

    def ask(self, query):
        [results] = find_answers(self.store, [], query[np.newaxis], 10)
        return [each.row for each in results]


class OursExact(Ours):
    exact = True


class Faiss:
    def build(self, folder, texts, vectors):
        import faiss

        self.path = str(folder / "index.faiss")
        self.index = faiss.IndexHNSWFlat(
            vectors.shape[1], CONNECTIVITY, faiss.METRIC_INNER_PRODUCT
        )
        self.index.hnsw.efConstruction = EXPANSION
        self.add(texts, vectors)

    def open(self, folder):
        import faiss

        self.path = str(folder / "index.faiss")
        self.index = faiss.read_index(self.path)

    def add(self, texts, vectors):
        import faiss

        self.index.add(np.ascontiguousarray(vectors))
        faiss.write_index(self.index, self.path)

    remove = None  # its HNSW cannot

    def ask(self, query):
        self.index.hnsw.efSearch = EXPANSION
        return self.index.search(query[np.newaxis], 10)[1][0].tolist()


class Txtai:
    """txtai with its defaults and content: FAISS, an inverted file, SQLite."""

    def _settings(self):
        return {
            "method": "external",
            "transform": lambda texts: np.stack(
                [self.vectors[text] for text in texts]
            ),
            "content": True,
        }

    def build(self, folder, texts, vectors):
        import txtai

        self.folder = str(folder / "txtai")
        self.index = txtai.Embeddings(self._settings())
        self.vectors = dict(zip(texts, vectors, strict=True))
        self.number = len(texts)
        self.index.index((n, text, None) for n, text in enumerate(texts))
        self.index.save(self.folder)

    def open(self, folder):
        import txtai

        self.folder = str(folder / "txtai")
        self.index = txtai.Embeddings()
        self.index.load(self.folder, config=self._settings())
        self.number = self.index.count()

    def add(self, texts, vectors):
        self.vectors = dict(zip(texts, vectors, strict=True))
        start, self.number = self.number, self.number + len(texts)
        self.index.upsert(
            (start + n, text, None) for n, text in enumerate(texts)
        )
        self.index.save(self.folder)

    def remove(self, places):
        self.index.delete(list(places))
        self.index.save(self.folder)

    def ask(self, query):
        self.vectors = {"query": query}
        return [int(each["id"]) for each in self.index.search("query", 10)]


SYSTEMS = {
    "exact": OursExact,
    "approximate": Ours,
    "FAISS HNSW": Faiss,
    "txtai": Txtai,
}


def num_bytes(folder: pathlib.Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
