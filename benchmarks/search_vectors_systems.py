"""Ways to search among vectors with one interface, for `search_vectors.py`."""

import os

import numpy as np

NUM_THREADS = int(os.environ.get("OMP_NUM_THREADS", 0))  # 0: all cores


class System:
    """A system; `efforts` are what its searches are measured with."""

    efforts: tuple = ("-",)
    rescores = True  # looks at the float32 vectors too

    def prepare(self):
        """Imports what no time is measured of."""

    def build(self, folder, vectors):
        """Writes the files of an index of vectors."""

    def open(self, folder):
        self.vectors = np.load(folder / "vectors.npy", mmap_mode="r")

    def set_effort(self, effort):
        self.effort = effort

    def rescored(self, queries, places, k):
        """The best of the candidates of each query."""
        found = []
        for query, row in zip(queries, places, strict=True):
            row = np.sort(row[row >= 0])
            cosines = self.vectors[row] @ query
            best = np.argsort(-cosines)[:k]
            found.append(row[best])
        return found


# === Ours ===


class Exact(System):
    signs = None

    def prepare(self):
        from keras_mirror.store import vector_search

        self.nearest = vector_search.nearest

    def open(self, folder):
        super().open(folder)
        self.vectors = np.asarray(self.vectors)

    def search(self, queries, k):
        found = self.nearest(queries, self.vectors, k, self.signs)
        return [places for _, places in found]


class Ours(Exact):
    def prepare(self):
        from keras_mirror.store.settings import Settings
        from keras_mirror.store.signs import StoredSigns

        super().prepare()
        self.make_settings, self.stored = Settings, StoredSigns

    def build(self, folder, vectors):
        settings = self.make_settings(vectors.shape[1])
        self.stored(folder).grow(settings, vectors)
        np.save(folder / "center.npy", settings.center)

    def open(self, folder):
        super().open(folder)
        center = np.load(folder / "center.npy").tolist()
        number, dim = self.vectors.shape
        settings = self.make_settings(
            dim,
            num_vectors=number,
            num_signed=number,
            signs="signs-1.bin",
            center=center,
        )
        self.signs = self.stored(folder).current(settings)


# === usearch ===


class Usearch(System):
    dtype, connectivity, expansion = "i8", 16, 128
    efforts = 64, 128, 256

    def prepare(self):
        import usearch.index

        self.module = usearch.index

    def make(self, dim):
        return self.module.Index(
            ndim=dim,
            metric="ip",
            dtype=self.dtype,
            connectivity=self.connectivity,
            expansion_add=self.expansion,
        )

    def build(self, folder, vectors):
        index = self.make(vectors.shape[1])
        keys = np.arange(len(vectors), dtype="uint64")
        index.add(keys, vectors, threads=NUM_THREADS)
        index.save(folder / "index.usearch")

    def open(self, folder):
        super().open(folder)
        self.index = self.make(self.vectors.shape[1])
        self.index.view(folder / "index.usearch")

    def set_effort(self, effort):
        self.index.expansion_search = effort

    def search(self, queries, k):
        found = self.index.search(queries, 2 * k, threads=NUM_THREADS)
        places = np.atleast_2d(found.keys.astype("int64"))
        return self.rescored(queries, places, k)


class UsearchBfloat16(Usearch):
    dtype = "bf16"  # what indexes had before


class UsearchQuick(Usearch):
    expansion = 64


# === FAISS ===


class Faiss(System):
    factory = "Flat"
    candidates = 0  # so many times k are rescored
    rescores = False

    def prepare(self):
        import faiss

        self.module = faiss

    def build(self, folder, vectors):
        index = self.module.index_factory(
            vectors.shape[1], self.factory, self.module.METRIC_INNER_PRODUCT
        )
        self.tune(index)
        index.train(vectors)
        index.add(vectors)
        self.module.write_index(index, str(folder / "index.faiss"))

    def tune(self, index):
        pass

    def open(self, folder):
        super().open(folder)
        self.index = self.module.read_index(str(folder / "index.faiss"))

    def search(self, queries, k):
        if not self.candidates:
            return self.index.search(queries, k)[1]
        places = self.index.search(queries, self.candidates * k)[1]
        return self.rescored(queries, places, k)


class FaissGraph(Faiss):
    factory = "HNSW16"
    efforts = 64, 128, 256

    def tune(self, index):
        index.hnsw.efConstruction = 128

    def set_effort(self, effort):
        self.index.hnsw.efSearch = effort


class FaissGraphOfBytes(FaissGraph):
    factory = "HNSW16_SQ8"
    candidates, rescores = 2, True


class FaissLists(Faiss):
    factory = "IVF1024,Flat"
    efforts = 16, 32, 64

    def set_effort(self, effort):
        self.index.nprobe = effort


class FaissListsOfBytes(FaissLists):
    factory = "IVF1024,SQ8"
    candidates, rescores = 2, True


class FaissListsOfCodes(FaissLists):
    factory = "IVF1024,PQ192x4fs"
    candidates, rescores = 20, True


class FaissBytes(Faiss):
    factory = "SQ8"
    candidates, rescores = 2, True


class FaissSigns(Faiss):
    efforts = 400, 1000
    rescores = True

    def build(self, folder, vectors):
        index = self.module.IndexBinaryFlat(vectors.shape[1])
        index.add(np.packbits(vectors > 0, axis=1))
        self.module.write_index_binary(index, str(folder / "index.faiss"))

    def open(self, folder):
        System.open(self, folder)
        path = str(folder / "index.faiss")
        self.index = self.module.read_index_binary(path)

    def search(self, queries, k):
        signs = np.packbits(queries > 0, axis=1)
        places = self.index.search(signs, self.effort)[1]
        return self.rescored(queries, places, k)


SYSTEMS = {
    "ours": Ours,
    "ours, exact": Exact,
    "FAISS flat": Faiss,
    "FAISS flat, int8": FaissBytes,
    "FAISS flat, signs": FaissSigns,
    "FAISS IVF": FaissLists,
    "FAISS IVF, int8": FaissListsOfBytes,
    "FAISS IVF, PQ fast scan": FaissListsOfCodes,
    "usearch HNSW, int8": Usearch,
    "usearch HNSW, int8, quick": UsearchQuick,
    "usearch HNSW, bfloat16": UsearchBfloat16,
    "FAISS HNSW": FaissGraph,
    "FAISS HNSW, int8": FaissGraphOfBytes,
}
