import io
import json
import os
import re
import sys
import types
import zipfile

import keras
import numpy as np
import pytest
from support.models import make_model
from support.processes import run_python
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.encoder import encode as encode_module
from keras_mirror.metrics import nearest_rows as nearest_rows_module
from keras_mirror.metrics.nearest_rows import nearest_rows
from keras_mirror.search import Index
from keras_mirror.search import SearchResult
from keras_mirror.search import index_file
from keras_mirror.search import vector_search
from keras_mirror.search.index_file import archive_of_index
from keras_mirror.search.index_file import read_index
from keras_mirror.search.neighbor_graph import NeighborGraph
from keras_mirror.search.vector_search import VectorSearch

QUERIES = ["a man plays", "two dogs run", SENTENCES[3]]


@pytest.fixture
def index(model):
    index = Index(model)
    index.add(SENTENCES)
    return index


def expected_results(model, query, strings, k):
    """All cosines, one by one."""
    vector = model.encode_text(query)[0].astype("float64")
    results = []
    for row, text in enumerate(strings):
        other = model.encode_text(text)[0].astype("float64")
        norms = np.linalg.norm(vector) * np.linalg.norm(other)
        results.append(SearchResult(text, vector @ other / norms, row))
    return sorted(results, key=lambda each: (-each.similarity, each.row))[:k]


def assert_same(found, expected):
    assert [each.row for each in found] == [each.row for each in expected]
    for result, other in zip(found, expected, strict=True):
        assert result.text == other.text
        assert result.similarity == pytest.approx(other.similarity, abs=1e-5)


def random_vectors(number, embedding_dim=16, seed=0):
    rows = np.random.default_rng(seed).normal(size=(number, embedding_dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype("float32")


# === Searching ===


@pytest.mark.parametrize("exact", [None, True, False])
def test_finds_the_most_similar_texts(model, exact):
    index = Index(model, exact)
    index.add(SENTENCES)
    found = index.query(QUERIES, k=4)
    assert len(found) == 3
    for query, results in zip(QUERIES, found, strict=True):
        assert_same(results, expected_results(model, query, SENTENCES, 4))
    assert found[2][0][0] == SENTENCES[3]
    assert found[2][0].similarity == pytest.approx(1, abs=1e-6)


def test_types(index):
    [[result]] = index.query("a man plays", k=1)
    assert isinstance(result, SearchResult)
    assert [type(part) for part in result] == [str, float, int]
    assert -1 <= result.similarity <= 1
    json.dumps(result)


def test_ten_results_by_default(model):
    index = Index(model)
    index.add(texts(12))
    assert [len(results) for results in index.query(QUERIES)] == [10] * 3


@pytest.mark.parametrize("exact", [True, False])
def test_several_calls_are_one(model, exact):
    index = Index(model, exact)
    for start in range(0, len(SENTENCES), 3):
        index.add(SENTENCES[start : start + 3])
        index.query("a man", k=1)  # builds what is there
    index.add([])
    index.add("one more")
    assert len(index) == 11
    assert index.texts == [*SENTENCES, "one more"]
    for query in QUERIES:
        [results] = index.query(query, k=11)
        assert_same(results, expected_results(model, query, index.texts, 11))


@pytest.mark.parametrize("exact", [True, False])
def test_a_text_again_is_another_row(model, exact, monkeypatch):
    encoded = []
    encode_in_chunks = encode_module.encode_in_chunks

    def recorded(model, texts, *options):
        encoded.extend(texts)
        return encode_in_chunks(model, texts, *options)

    monkeypatch.setattr(encode_module, "encode_in_chunks", recorded)
    index = Index(model, exact)
    index.add(["a man", "two dogs", "a man"])
    index.add(["a cat", "a man"])
    assert encoded == ["a man", "two dogs", "a cat"]
    [results] = index.query("a man", k=5)
    assert [result.row for result in results[:3]] == [0, 2, 4]
    assert len({result.similarity for result in results[:3]}) == 1
    assert sorted(result.row for result in results) == list(range(5))
    for k in (1, 2, 3, 4):
        assert index.query("a man", k) == [results[:k]]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("k", [10, 11, 5000])
def test_k_larger_than_the_index(model, exact, k):
    index = Index(model, exact)
    index.add(SENTENCES)
    [results] = index.query("a man", k)
    assert sorted(result.row for result in results) == list(range(10))


def test_white_space_keeps_its_row_and_is_not_found(model):
    index = Index(model)
    index.add(["", "a man", " \t\n", "a cat"])
    assert index.texts == ["", "a man", " \t\n", "a cat"]
    [results] = index.query("a cat")
    assert [result.row for result in results] == [3, 1]
    assert index.query(["", "a cat", "  "]) == [[], results, []]


@pytest.mark.parametrize("exact", [None, True, False])
def test_empty_index(model, exact):
    index = Index(model, exact)
    assert len(index) == 0 and index.texts == []
    assert index.query(["a man", "a cat"]) == [[], []]
    index.add(["", " "])
    assert len(index) == 2
    assert index.query("a man") == [[]]
    assert index.query([]) == []


def test_no_queries(index):
    assert index.query([]) == []
    assert index.query_embeddings(np.empty((0, 8))) == []


def test_encoded_queries(model, index):
    vectors = model.encode_text(QUERIES)  # of any length
    found = index.query_embeddings(7 * vectors, k=3)
    for results, others in zip(found, index.query(QUERIES, 3), strict=True):
        assert_same(results, others)


def test_takes_arrays_of_strings(model, index):
    other = Index(model)
    other.add(np.array(SENTENCES))
    assert other.query(np.array(QUERIES)) == index.query(QUERIES)


def test_progress_counts_different_texts(model, monkeypatch):
    from keras_mirror.encoder import encode as encoding

    monkeypatch.setattr(encoding, "CHUNK_SIZE", 4)
    counts = []
    index = Index(model)
    index.add([*SENTENCES, *SENTENCES, ""], on_progress=counts.append)
    assert counts == [4, 4, 2]
    index.add(SENTENCES, on_progress=counts.append)
    assert counts == [4, 4, 2]


# === What goes wrong ===


@pytest.mark.parametrize("k", [0, -1, 1.0, "3", None, True])
def test_refuses_k(index, k):
    message = (
        f"^`k` must be a positive integer. Received: k={re.escape(repr(k))}$"
    )
    with pytest.raises(ValueError, match=message):
        index.query("a man", k)
    with pytest.raises(ValueError, match=message):
        index.query_embeddings(np.ones((1, 8)), k)


def test_k_of_numpy(index):
    assert len(index.query("a man", np.int64(2))[0]) == 2


@pytest.mark.parametrize("call", ["add", "query"])
def test_refuses_what_is_no_string(index, call):
    message = r"^Texts must be strings. Received: 3 of type int at index 1$"
    with pytest.raises(TypeError, match=message):
        getattr(index, call)(["a man", 3])
    message = (
        "^Texts must be a string or a list of strings. "
        "Received: None of type NoneType$"
    )
    with pytest.raises(TypeError, match=message):
        getattr(index, call)(None)
    assert len(index) == 10


@pytest.mark.parametrize("exact", ["yes", 2, 0.5])
def test_refuses_exact(model, exact):
    message = (
        "^`exact` must be True, False or None. "
        f"Received: exact={re.escape(repr(exact))}$"
    )
    with pytest.raises(ValueError, match=message):
        Index(model, exact)


def test_refuses_another_model():
    message = (
        "^`model` must be a `MirrorModel`. Received: model='m' of type str$"
    )
    with pytest.raises(TypeError, match=message):
        Index("m")


@pytest.mark.parametrize("shape", [(8,), (2, 7), (1, 1, 8)])
def test_refuses_queries_of_another_shape(index, shape):
    message = (
        r"^`embeddings` must be numbers of shape \(num_queries, 8\), finite. "
        f"Received: shape={re.escape(str(shape))}$"
    )
    with pytest.raises(ValueError, match=message):
        index.query_embeddings(np.ones(shape))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_refuses_vectors_that_are_no_numbers(number, monkeypatch):
    model = make_model()
    index = Index(model)
    index.add(["a cat"])
    encode_ids = encode_module.encode_ids

    def broken(model, token_ids, batch_size):
        vectors = encode_ids(model, token_ids, batch_size)
        vectors[1, 2] = number
        return vectors

    monkeypatch.setattr(encode_module, "encode_ids", broken)
    message = (
        "^Vectors must be of finite numbers. Received: NaN or infinity from "
        "the model, for the text 'two dogs'$"
    )
    for call in (index.add, index.query):
        with pytest.raises(ValueError, match=message):
            call(["a man", "two dogs", "a cat"])
    assert index.texts == ["a cat"]
    with pytest.raises(
        ValueError, match="`embeddings` must be numbers of shape"
    ):
        index.query_embeddings(np.full((1, 8), number))


def test_a_broken_model_is_found_out():
    model = make_model()
    model.set_weights([np.full(w.shape, np.nan) for w in model.get_weights()])
    with pytest.raises(ValueError, match="NaN or infinity from the model"):
        Index(model).add("a man")


def test_a_model_that_trains_on_is_refused():
    model = make_model()
    model.compile()
    index = Index(model)
    index.add("a man")
    before = index._fingerprint
    model.fit(texts(5), batch_size=5, epochs=1, verbose=0)
    message = (
        "^`model` must stay as it was when the first texts were added, of "
        f"fingerprint {before}. Received: a model of fingerprint [0-9a-f]+. "
        "Make a new index$"
    )
    with pytest.raises(ValueError, match=message):
        index.add("a woman")
    assert index.texts == ["a man"]


# === Exact and approximate ===


def test_nearest_rows_are_those_of_a_sort(monkeypatch):
    monkeypatch.setattr(nearest_rows_module, "_NUM_SIMILARITIES", 300)
    vectors, queries = random_vectors(100), random_vectors(10, seed=1)
    similarities, rows = nearest_rows(queries, vectors, 7)
    for place, query in enumerate(queries):
        cosines = [float(vector @ query) for vector in vectors]
        best = sorted(range(100), key=lambda row: -cosines[row])[:7]
        assert rows[place].tolist() == best
        expected = [cosines[row] for row in best]
        np.testing.assert_allclose(similarities[place], expected, atol=1e-6)


def test_equally_similar_rows_come_in_their_order():
    vectors = np.eye(4, dtype="float32")[[1, 0] * 30]
    _, rows = nearest_rows(np.eye(4, dtype="float32")[:1], vectors, 50)
    assert rows.tolist() == [[*range(1, 60, 2), *range(0, 40, 2)]]


def test_zero_vectors_are_similar_to_nothing():
    vectors = np.zeros((3, 4), "float32")
    similarities, rows = nearest_rows(vectors[:1], vectors, 3)
    assert similarities.tolist() == [[0, 0, 0]]
    assert rows.tolist() == [[0, 1, 2]]


def recall(rows, others):
    hits = [len(set(a) & set(b)) for a, b in zip(rows, others, strict=True)]
    return np.mean(hits) / len(rows[0])


def test_approximate_search_finds_nearly_all():
    vectors, queries = random_vectors(3000), random_vectors(50, seed=1)
    exact, approximate = VectorSearch(vectors), VectorSearch(vectors, False)
    expected, found = (
        exact.nearest(queries, 10),
        approximate.nearest(queries, 10),
    )
    assert recall(found[1], expected[1]) > 0.97
    for place, rows in enumerate(found[1]):
        cosines = vectors[rows] @ queries[place]
        np.testing.assert_allclose(found[0][place], cosines, atol=1e-6)
        assert (np.diff(found[0][place]) <= 0).all()
    # Grown in parts, it is as good.
    grown = VectorSearch(vectors[:1000], False)
    for start in range(1000, 3000, 500):
        grown.nearest(queries[:1], 1)
        grown.extend(vectors[start : start + 500])
    assert recall(grown.nearest(queries, 10)[1], expected[1]) > 0.97


def test_many_equal_vectors_do_not_hide_the_others():
    vectors = random_vectors(600)
    vectors[50:550] = vectors[0]
    search = VectorSearch(vectors[:300], False)
    search.nearest(vectors[:1], 1)
    search.extend(vectors[300:])
    search.nearest(vectors[:1], 1)
    assert len(search._graph) == 600 and len(search._graph._index) == 100
    for each in (search, VectorSearch(vectors, False, search.graph_bytes())):
        _, rows = each.nearest(vectors[560:570], 3)
        assert rows[:, 0].tolist() == list(range(560, 570))
        similarities, rows = each.nearest(vectors[:1], 30)
        assert rows[0].tolist() == [0, *range(50, 79)]
        np.testing.assert_allclose(similarities, 1, atol=1e-6)


def test_a_graph_that_finds_too_few_is_not_believed():
    vectors = random_vectors(40)
    graph = NeighborGraph(16)
    graph.extend(vectors)
    search = graph._index.search

    def find_two(*arguments, **options):
        keys = search(*arguments, **options).keys
        return types.SimpleNamespace(keys=keys[:2])

    graph._index = types.SimpleNamespace(search=find_two)
    found = graph.nearest(vectors[:2], vectors, 5)
    expected = nearest_rows(vectors[:2], vectors, 5)
    assert found[1].tolist() == expected[1].tolist()


def test_which_searches_use_a_graph(monkeypatch):
    monkeypatch.setattr(vector_search, "MAX_EXACT", 20)
    monkeypatch.setattr(vector_search, "_MAX_APPROXIMATE_K", 10)
    used = []
    nearest = NeighborGraph.nearest
    monkeypatch.setattr(
        NeighborGraph,
        "nearest",
        lambda self, queries, vectors, k: (
            used.append(k) or nearest(self, queries, vectors, k)
        ),
    )
    vectors = random_vectors(21)
    VectorSearch(vectors[:20]).nearest(vectors[:1], 3)
    VectorSearch(vectors, True).nearest(vectors[:1], 3)
    VectorSearch(vectors).nearest(vectors[:1], 11)
    assert used == []
    VectorSearch(vectors).nearest(vectors[:1], 10)
    VectorSearch(vectors[:20], False).nearest(vectors[:1], 3)
    assert used == [10, 3]


# === Files ===


@pytest.fixture
def path(index, tmp_path):
    index.save(tmp_path / "texts.index")
    return tmp_path / "texts.index"


@pytest.mark.parametrize("exact", [None, True, False])
def test_save_and_load(model, exact, tmp_path):
    index = Index(model, exact)
    index.add([*SENTENCES, "", SENTENCES[2], "two\nlines\t\0"])
    index.save(tmp_path / "texts.index")
    loaded = Index.load(str(tmp_path / "texts.index"), model)
    assert os.listdir(tmp_path) == ["texts.index"]
    assert loaded.texts == index.texts
    assert loaded.exact is exact
    assert loaded.query(QUERIES, 12) == index.query(QUERIES, 12)
    for each in (index, loaded):
        each.add("one more")
    assert loaded.query("one more", 3) == index.query("one more", 3)
    assert loaded.query("one more")[0][0].row == 13


def test_only_approximate_indexes_have_a_graph(model, tmp_path):
    for exact in (None, True, False):
        index = Index(model, exact)
        index.add(SENTENCES)
        index.save(tmp_path / f"{exact}")
    names = [
        zipfile.ZipFile(tmp_path / f"{e}").namelist() for e in (None, False)
    ]
    assert names[1] == [*names[0], "graph.usearch"]
    assert not any(name.endswith((".pkl", ".pickle")) for name in names[1])


def test_an_empty_index_is_saved(model, tmp_path):
    Index(model).save(tmp_path / "texts.index")
    loaded = Index.load(tmp_path / "texts.index", model)
    assert len(loaded) == 0 and loaded.query("a man") == [[]]
    loaded.add("a man")
    assert len(loaded.query("a man")[0]) == 1


def test_an_archives_index_is_the_models(model, path, tmp_path):
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert len(Index.load(path, loaded)) == 10


def test_refuses_another_encoder(model, path):
    keras.utils.set_random_seed(1)  # at 0 its weights can equal the model's
    other = make_model()
    message = (
        f"^'{path}' must be opened with the encoder that it was built with, "
        "of fingerprint [0-9a-f]{16}. Received: a model of fingerprint "
        "[0-9a-f]{16}. Load that archive, or build the index anew$"
    )
    with pytest.raises(ValueError, match=message):
        Index.load(path, other)
    other.set_weights(model.get_weights())
    assert len(Index.load(path, other)) == 10


def test_refuses_the_encoder_after_one_more_step(tmp_path):
    model = make_model()
    model.compile()
    index = Index(model)
    index.add(SENTENCES)
    index.save(tmp_path / "before")
    model.fit(texts(5), batch_size=5, epochs=1, verbose=0)
    index.save(tmp_path / "after")  # its vectors are those of before
    for name in ("before", "after"):
        with pytest.raises(ValueError, match="must be opened with the encoder"):
            Index.load(tmp_path / name, model)


def test_refuses_other_settings(model, path):
    other = make_model(pooling_mode="max")
    other.set_weights(model.get_weights())
    with pytest.raises(ValueError, match="must be opened with the encoder"):
        Index.load(path, other)


def test_overwrites_only_when_asked(index, path):
    before = path.read_bytes()
    message = f"^'{path}' exists. Choose another path, or add overwrite=True$"
    with pytest.raises(FileExistsError, match=message):
        index.save(path)
    assert path.read_bytes() == before
    index.add("one more")
    index.save(path, overwrite=True)
    assert len(Index.load(path, index.model)) == 11


def test_writes_all_or_nothing(index, path, monkeypatch):
    before = path.read_bytes()

    def fail(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    for name in (path, path.with_name("new")):
        with pytest.raises(KeyboardInterrupt):
            index.save(name, overwrite=True)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["texts.index"]


def test_missing_file(model, tmp_path):
    with pytest.raises(FileNotFoundError):
        Index.load(tmp_path / "nothing", model)


def rewritten(path, **changes):
    """The same file with other parts; `None` leaves one out."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts.update({n.replace("_", ".", 1): p for n, p in changes.items()})
    with zipfile.ZipFile(path, "w") as file:
        for name, part in parts.items():
            if part is not None:
                file.writestr(name, part)
    return path


SETTINGS = (
    b'{"format": "keras_mirror.search.Index", "version": 1, "exact": %s, '
    b'"fingerprint": "", "archive": null}'
)


def as_npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def refuse(path, model):
    with pytest.raises(ValueError) as error:
        Index.load(path, model)
    message = str(error.value)
    assert message.startswith(
        f"'{path}' is not a readable index of keras-mirror: "
    )
    return message


def test_damaged_bytes(model, path):
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for start in generator.choice(len(whole) - 60, 30, replace=False):
        broken = bytearray(whole)
        broken[start : start + 60] = generator.bytes(60)
        path.write_bytes(broken)
        try:
            loaded = Index.load(path, model)
        except ValueError as error:
            assert str(path) in str(error)
        else:  # dates and the like in the ZIP's own headers
            assert loaded.texts == SENTENCES


@pytest.mark.parametrize("length", [0, 1, 100, -1, -500])
def test_cut_files(model, path, length):
    path.write_bytes(path.read_bytes()[:length])
    refuse(path, model)


@pytest.mark.parametrize(
    "content", [b"", b"some text\n", b"PK\x03\x04", as_npy(np.zeros((3, 8)))]
)
def test_other_files(model, path, content):
    path.write_bytes(content)
    refuse(path, model)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"settings_json": None}, "settings.json"),
        ({"texts_json": None}, "texts.json"),
        ({"vectors_npy": None}, "vectors.npy"),
        ({"settings_json": b"{}"}, "format"),
        (
            {"settings_json": b'{"format": "other", "version": 1}'},
            r"format and version must be .*, not \('other', 1\)",
        ),
        ({"texts_json": b"[]"}, r"shape \(10, 8\) and float32 for 0 different"),
        ({"texts_json": b"[1]"}, ""),
        ({"texts_json": b"\xff"}, ""),
        ({"texts_json": b'["\\ud800"]'}, "surrogates not allowed"),
        ({"other_file": b""}, "its parts must be settings.json, "),
        (
            {"settings_json": SETTINGS % b"3"},
            "exact must not be 3",
        ),
        ({"vectors_npy": b"nothing"}, "magic"),
        ({"vectors_npy": as_npy(np.zeros((9, 8), "f4"))[:-1]}, "287 bytes for"),
        ({"vectors_npy": as_npy(np.zeros((9, 8), "f4"))}, r"shape \(9, 8\)"),
        ({"vectors_npy": as_npy(np.zeros((10, 8)))}, "float64"),
        ({"vectors_npy": as_npy(np.zeros(10, "f4"))}, r"shape \(10,\)"),
        ({"vectors_npy": as_npy(np.full((10, 8), 9, "f4"))}, "longer than 1"),
        ({"vectors_npy": as_npy(np.full((10, 8), np.nan, "f4"))}, "longer"),
        ({"vectors_npy": as_npy(np.array([{}]))}, "[Oo]bject"),
        ({"graph_usearch": b"nothing"}, ""),
        ({"graph_usearch": b""}, ""),
    ],
)
def test_damaged_parts(model, path, changes, words):
    message = refuse(rewritten(path, **changes), model)
    assert re.search(words, message)


def test_what_unpacks_to_too_much_is_not_read(model, path, monkeypatch):
    monkeypatch.setattr(index_file, "_FREE_BYTES", 0)
    Index.load(path, model)
    monkeypatch.setattr(index_file, "_MAX_RATIO", 0.5)
    assert "it must unpack to at most " in refuse(path, model)


def test_texts_that_an_older_version_compressed(model, path):
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    assert Index.load(path, model).texts == SENTENCES


def test_a_graph_of_other_vectors(model, path):
    for shape in ((9, 8), (10, 16)):
        graph = NeighborGraph(shape[1])
        graph.extend(random_vectors(*shape))
        rewritten(path, graph_usearch=graph.to_bytes())
        message = refuse(path, model)
        assert message.endswith(
            "A graph must have the shape of its vectors, (10, 8). "
            f"Received: {shape}"
        )


def test_pickles_are_not_loaded(model, path, monkeypatch):
    import pickle

    called = []
    monkeypatch.setattr(pickle, "load", lambda *_, **__: called.append(1))
    refuse(rewritten(path, vectors_npy=as_npy(np.array([{}]))), model)
    assert not called


def test_where_the_archive_is(index, tmp_path, monkeypatch):
    for folder in ("models", "searches"):
        (tmp_path / folder).mkdir()
    archive = tmp_path / "models" / "encoder.keras"
    path = tmp_path / "searches" / "texts.index"
    index.save(path, archive=archive)
    assert archive_of_index(path) == str(archive)
    with zipfile.ZipFile(path) as file:
        settings = json.loads(file.read("settings.json"))
    assert settings["archive"] == "../models/encoder.keras"
    (tmp_path / "elsewhere").mkdir()
    for folder in ("models", "searches"):
        (tmp_path / folder).rename(tmp_path / "elsewhere" / folder)
    moved = tmp_path / "elsewhere" / "searches" / "texts.index"
    elsewhere = tmp_path / "elsewhere" / "models" / "encoder.keras"
    assert archive_of_index(moved) == str(elsewhere)
    monkeypatch.chdir(tmp_path / "elsewhere")
    index.save("here.index", archive="encoder.keras")
    assert archive_of_index("here.index") == "encoder.keras"
    index.save("none.index")
    assert archive_of_index("none.index") is None


# === The extra ===

MISSING = (
    r"^`usearch.index` is needed for this and cannot be imported: .*"
    r'Install it with `pip install "keras-mirror\[search\]"`$'
)


@pytest.fixture
def without_usearch(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)


def test_exact_search_needs_no_extra(model, without_usearch, tmp_path):
    index = Index(model)
    index.add(SENTENCES)
    index.save(tmp_path / "texts.index")
    assert Index.load(tmp_path / "texts.index", model).query("a man")[0]


def test_many_texts_need_it_before_they_are_encoded(
    model, without_usearch, monkeypatch
):
    monkeypatch.setattr(vector_search, "MAX_EXACT", 12)
    index = Index(model)
    index.add(SENTENCES)
    counts = []
    with pytest.raises(ImportError, match=MISSING):
        index.add(texts(3), on_progress=counts.append)
    assert not counts and len(index) == 10
    index = Index(model, exact=True)
    index.add(texts(20))
    assert len(index.query("a man")[0]) == 10
    with pytest.raises(ImportError, match=MISSING):
        Index(model, exact=False).add("a man")


def test_an_approximate_index_needs_it_to_load(model, tmp_path, monkeypatch):
    index = Index(model, exact=False)
    index.add(SENTENCES)
    index.save(tmp_path / "texts.index")
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(ImportError, match=MISSING):
        Index.load(tmp_path / "texts.index", model)


def test_files_are_written_beside_their_end(index, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    index.save("texts.index")
    assert os.listdir() == ["texts.index"]
    assert read_index("texts.index").texts == SENTENCES


@pytest.mark.processes
def test_the_package_imports_nothing_for_it():
    code = (
        "import sys, keras_mirror\n"
        "print('keras_mirror.search' in sys.modules,\n"
        "      'usearch' in sys.modules, 'scipy.cluster' in sys.modules)"
    )
    backend = keras.backend.backend()
    printed = run_python(code, backend=backend).splitlines()[-1]
    assert printed == "True False False"
