import json
import re

import keras
import numpy as np
import pytest
from support.models import make_model
from support.processes import run_python
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.encoder import encode as encode_module
from keras_mirror.search import Index
from keras_mirror.search import SearchResult
from keras_mirror.store import batch as batch_module

QUERIES = ["a man plays", "two dogs run", SENTENCES[3]]


@pytest.fixture
def index(model):
    index = Index(model)
    index.add(SENTENCES)
    return index


@pytest.fixture
def encoded(monkeypatch):
    """The texts that are encoded."""
    encoded = []
    encode_in_chunks = encode_module.encode_in_chunks

    def recorded(model, texts, *options):
        encoded.extend(texts)
        return encode_in_chunks(model, texts, *options)

    monkeypatch.setattr(encode_module, "encode_in_chunks", recorded)
    return encoded


def expected_results(model, query, strings, k):
    """All cosines, one by one."""
    vector = model.encode_text(query)[0].astype("float64")
    results = []
    for row, text in enumerate(strings):
        other = model.encode_text(text)[0].astype("float64")
        norms = np.linalg.norm(vector) * np.linalg.norm(other)
        cosine = vector @ other / norms
        result = SearchResult(text, cosine, row, str(row + 1), {}, cosine)
        results.append(result)
    return sorted(results, key=lambda each: (-each.similarity, each.row))[:k]


def assert_same(found, expected):
    assert [each.row for each in found] == [each.row for each in expected]
    for result, other in zip(found, expected, strict=True):
        assert result.text == other.text
        assert result.similarity == pytest.approx(other.similarity, abs=1e-5)


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
    types = [str, float, int, str, dict, float]
    assert [type(part) for part in result] == types
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
def test_a_text_again_is_another_row(model, exact, encoded):
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
    encode_ids = model.encode_ids

    def broken(token_ids, batch_size):
        vectors = encode_ids(token_ids, batch_size)
        vectors[1, 2] = number
        return vectors

    monkeypatch.setattr(model, "encode_ids", broken)
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
    before = index._store.settings.fingerprint
    model.fit(texts(5), batch_size=5, epochs=1, verbose=0)
    message = (
        "^`model` must not change after the first texts were added, with "
        f"fingerprint {before}. Received: a model of fingerprint [0-9a-f]+. "
        "Make a new index$"
    )
    with pytest.raises(ValueError, match=message):
        index.add("a woman")
    assert index.texts == ["a man"]


# === Ids, metadata, updates ===


@pytest.fixture
def tickets(model):
    index = Index(model)
    index.add(
        ["the printer is broken", "a cat sleeps", "two dogs run"],
        ids=["a", "b", "c"],
        metadata=[
            {"source": "mail", "year": 2024},
            {"source": "web", "year": 2025},
            {"source": "mail", "year": 2026, "open": True},
        ],
    )
    return index


def ids_of(index):
    [results] = index.query("two dogs", k=100)
    return sorted(each.id for each in results)


def test_ids_and_metadata_come_back(tickets):
    [[result]] = tickets.query("two dogs run", k=1)
    assert (result.id, result.row) == ("c", 2)
    assert result.metadata == {"source": "mail", "year": 2026, "open": True}


def test_ids_are_numbers_from_1_where_none_are_given(model):
    index = Index(model)
    index.add(["a man", "a cat"])
    index.add(["a dog"])
    assert ids_of(index) == ["1", "2", "3"]


@pytest.mark.parametrize("exact", [True, False])
def test_where(model, tickets, exact):
    index = tickets
    if not exact:
        index = Index(model, exact=False)
        index.add(
            tickets.texts,
            ids=["a", "b", "c"],
            metadata=[{"source": each} for each in ("mail", "web", "mail")],
        )
    for mode in ("vector", "hybrid"):
        found = index.query("a cat sleeps", where="source = 'mail'", mode=mode)
        assert sorted(each.id for each in found[0]) == ["a", "c"]
    assert index.query("a cat", where="source = 'fax'") == [[]]
    vectors = model.encode_text(["a cat sleeps"])
    [results] = index.query_embeddings(vectors, where="id = 'b'")
    assert [each.id for each in results] == ["b"]


def test_a_filter_is_of_documents_and_not_of_their_texts(model):
    index = Index(model)
    sources = [{"source": each} for each in ("mail", "web", "web")]
    index.add(["a man", "a man", "a cat"], metadata=sources)
    [results] = index.query("a man", k=1, where="source = 'web'")
    assert [each.id for each in results] == ["2"]


def test_modes(tickets):
    [words] = tickets.query("broken printer", mode="keyword")
    assert [(each.id, each.similarity) for each in words] == [("a", None)]
    assert words[0].score > 0
    [both] = tickets.query("broken printer", mode="hybrid")
    assert both[0].id == "a" and len(both) == 3
    [vectors] = tickets.query("broken printer")
    cosines = {each.id: each.similarity for each in vectors}
    for each in both:
        assert each.similarity == pytest.approx(cosines[each.id], abs=1e-6)
    scores = [each.score for each in both]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(0, abs=1e-5)
    assert tickets.query("elephant", mode="keyword") == [[]]
    with pytest.raises(ValueError, match="`mode` must be one of 'hybrid', "):
        tickets.query("a", mode="words")


def test_upsert_replaces_and_adds(tickets, encoded):
    encoded.clear()
    tickets.upsert(
        ["two dogs run", "a new text", "a cat sleeps"],
        ids=["a", "d", "b"],
        metadata=[{"source": "fax"}, None, None],
    )
    assert encoded == ["a new text"]
    assert len(tickets) == 4
    assert tickets.texts == [
        "two dogs run",
        "a cat sleeps",
        "two dogs run",
        "a new text",
    ]
    [results] = tickets.query("two dogs run", k=2)
    assert [(each.id, each.row) for each in results] == [("a", 0), ("c", 2)]
    assert results[0].metadata == {"source": "fax"}
    assert tickets.query("broken printer", mode="keyword") == [[]]
    for query in ("two dogs run", "a new text"):
        [results] = tickets.query(query, k=10)
        assert sorted(each.id for each in results) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("exact", [True, False])
def test_removed_texts_are_not_found(model, exact):
    index = Index(model, exact)
    index.add([*SENTENCES, SENTENCES[0]])
    index.remove("1")
    assert len(index) == 10
    [results] = index.query(SENTENCES[0], k=20)
    assert results[0].id == "11" and len(results) == 10
    index.remove(["11", "2"])
    [results] = index.query(SENTENCES[0], k=20)
    assert sorted(each.id for each in results) == sorted(
        "3 4 5 6 7 8 9 10".split()
    )
    [results] = index.query(SENTENCES[1], mode="keyword")
    assert SENTENCES[1] not in [each.text for each in results]
    index.add([SENTENCES[0]])  # with a new vector
    [[result]] = index.query(SENTENCES[0], k=1)
    assert (result.id, result.row) == ("12", 11)
    others = Index(model, exact=True)
    others.add(index.texts)
    for query in QUERIES:
        found = [each.text for each in index.query(query, 9)[0]]
        assert found == [each.text for each in others.query(query, 9)[0]]


def test_a_text_that_moves_to_another_id(tickets):
    tickets.upsert(["something else", "a cat sleeps"], ids=["b", "d"])
    [[result]] = tickets.query("a cat sleeps", k=1)
    assert result.id == "d" and len(tickets) == 4


def test_everything_can_be_removed(tickets):
    tickets.remove(["a", "b", "c"])
    assert len(tickets) == 0 and tickets.texts == []
    for mode in ("vector", "keyword", "hybrid"):
        assert tickets.query("two dogs", mode=mode) == [[]]
    tickets.add(["two dogs"], ids=["a"])
    assert ids_of(tickets) == ["a"]


@pytest.mark.parametrize(
    "change, error, words",
    [
        (
            lambda i: i.add(["x"], ids=["b"]),
            ValueError,
            "'b', which are in the index",
        ),
        (lambda i: i.add(["x", "y"], ids=["d", "d"]), ValueError, "'d' twice"),
        (lambda i: i.add(["x"], ids=["d", "e"]), ValueError, "as many as"),
        (lambda i: i.add(["x"], ids=[""]), ValueError, "must not be empty"),
        (lambda i: i.add(["x"], ids=[1.5]), TypeError, "must be strings"),
        (lambda i: i.add(["x"], metadata=[]), ValueError, "one dict for each"),
        (lambda i: i.add(["x"], metadata=["m"]), TypeError, "must be a dict"),
        (
            lambda i: i.add(["x"], metadata=[{"a": []}]),
            TypeError,
            "list in 'a'",
        ),
        (lambda i: i.remove(["a", "z"]), ValueError, "Received: 'z'"),
        (lambda i: i.query("x", where="colour = 1"), ValueError, "'colour'"),
    ],
)
def test_what_is_refused_changes_nothing(tickets, change, error, words):
    with pytest.raises(error, match=words):
        change(tickets)
    assert ids_of(tickets) == ["a", "b", "c"]
    assert len(tickets) == 3


def test_an_error_half_way_changes_nothing(tickets, monkeypatch):
    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_module, "column_types", fail)
    before = tickets.query("two dogs", k=9)
    for change in (tickets.add, tickets.upsert):
        with pytest.raises(KeyboardInterrupt):
            change(["a new text", "a cat sleeps"], ids=["d", "e"])
    monkeypatch.undo()
    assert tickets.query("two dogs", k=9) == before
    tickets.upsert(["another text"], ids=["b"])
    [[result]] = tickets.query("another text", k=1)
    assert result.id == "b" and len(tickets) == 3


# === Imports ===


@pytest.mark.processes
def test_the_package_imports_nothing_for_it():
    code = (
        "import sys, keras_mirror\n"
        "print('keras_mirror.search' in sys.modules,\n"
        "      'scipy.cluster' in sys.modules)"
    )
    backend = keras.backend.backend()
    printed = run_python(code, backend=backend).splitlines()[-1]
    assert printed == "True False"
