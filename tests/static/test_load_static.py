"""Folders of static vectors, read without Keras."""

import json

import numpy as np
import pytest
import safetensors.numpy
import tokenizers
from support.processes import run_python

from keras_mirror.static import StaticEncoder
from keras_mirror.static import load_static

VOCABULARY = {"[UNK]": 0, "a": 1, "man": 2, "cat": 3, "##s": 4}
ROWS = np.array(
    [[9, 9, 9], [1, 0, 0], [0, 2, 0], [0, 0, 4], [-1, 0, 1]], "float32"
)


def word_piece():
    model = tokenizers.models.WordPiece(VOCABULARY, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return tokenizer


def write(folder, dtype="float32", config=(), tensors=(), tokenizer=None):
    arrays = {"embeddings": ROWS.astype(dtype), **dict(tensors)}
    safetensors.numpy.save_file(arrays, folder / "model.safetensors")
    settings = {"model_type": "model2vec", "normalize": True, **dict(config)}
    (folder / "config.json").write_text(json.dumps(settings))
    (tokenizer or word_piece()).save(str(folder / "tokenizer.json"))
    return folder


# === Correctness ===


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_vector_is_the_mean_of_its_tokens(dtype, tmp_path):
    encoder = load_static(write(tmp_path, dtype))
    vectors = encoder.encode_text(["a cats", "man", "zebra", "", "a zebra"])
    mean = (ROWS[1] + ROWS[3] + ROWS[4]) / 3
    expected = [
        mean / np.linalg.norm(mean),
        [0, 1, 0],
        [0, 0, 0],  # unknown
        [0, 0, 0],
        [1, 0, 0],
    ]
    assert vectors.dtype == "float32" and encoder.embedding_dim == 3
    np.testing.assert_allclose(vectors, expected, atol=1e-3)


def test_vectors_as_they_are(tmp_path):
    encoder = load_static(write(tmp_path, config={"normalize": False}))
    assert encoder.encode_text("a man").tolist() == [[0.5, 1.0, 0.0]]
    assert encoder.encode_text([]).shape == (0, 3)


def test_chunks_have_the_order_of_the_texts(tmp_path, monkeypatch):
    encoder = load_static(write(tmp_path))
    texts = ["a", "man a", "cat", "man", "", "cats cats", "a a"]
    expected = np.concatenate([encoder.encode_text(text) for text in texts])
    monkeypatch.setattr("keras_mirror.static.static_encoder.CHUNK_SIZE", 2)
    np.testing.assert_array_equal(encoder.encode_text(texts), expected)


def test_rows_and_weights_of_tokens(tmp_path):
    tensors = {
        "mapping": np.array([0, 2, 1, 1, 0]),
        "weights": np.array([1, 1, 3, 0.5, 0], "float32"),
    }
    folder = write(tmp_path, config={"normalize": False}, tensors=tensors)
    vectors = load_static(folder).encode_text("a man cat")
    expected = (ROWS[2] + 3 * ROWS[1] + 0.5 * ROWS[1]) / 3
    np.testing.assert_allclose(vectors[0], expected, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_model2vec_gives_the_same(dtype, normalize, weighted, tmp_path):
    model2vec = pytest.importorskip("model2vec")
    rows = np.random.default_rng(0).normal(0, 20, (5, 3))
    tensors = {"embeddings": rows.astype(dtype)}
    if weighted:
        tensors["weights"] = np.linspace(0.1, 0.7, 5, dtype="float32")
    write(tmp_path, config={"normalize": normalize}, tensors=tensors)
    texts = ["a cats man", "zebra", "", "man", "a cat a man a cats"] * 300
    theirs = model2vec.StaticModel.from_pretrained(str(tmp_path))
    np.testing.assert_array_equal(
        load_static(tmp_path).encode_text(texts), theirs.encode(texts)
    )


def test_texts_must_be_strings(tmp_path):
    with pytest.raises(TypeError, match="Received: 1 of type int at index 0"):
        load_static(write(tmp_path)).encode_text([1])


def test_without_an_unknown_token():
    words = tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0, "b": 1}, []))
    encoder = StaticEncoder(ROWS[:2], words, normalize=False)
    assert encoder.encode_text("az").tolist() == [[9, 9, 9]]


# === Without Keras ===

ALONE = """
import importlib.util, sys
names = ("keras", "tensorflow", "torch", "jax", "keras_hub")
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in names else find(name)
for name in names:
    sys.modules[name] = None
from keras_mirror.static import load_static
print(load_static(sys.argv[1]).encode_text(["a", "man"]).tolist())
"""


def test_neither_keras_nor_a_framework(tmp_path):
    printed = run_python(ALONE, write(tmp_path), backend="")
    assert printed.strip() == "[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]"


# === Other folders ===


def test_a_file_is_missing(tmp_path):
    write(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(FileNotFoundError, match="Missing: tokenizer.json"):
        load_static(tmp_path)


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"config": {"model_type": "bert"}}, "model_type='bert'"),
        ({"tensors": {"embeddings": ROWS[0]}}, "must hold a matrix"),
        ({"dtype": "float64"}, "must hold a matrix 'embeddings' of float32"),
        ({"tensors": {"embeddings": ROWS[:4]}}, "5 tokens. Received: 4 rows"),
        ({"tensors": {"mapping": np.array([0, 1, 2, 3])}}, "each of its 5"),
        ({"tensors": {"mapping": np.array([0, 1, 2, 3, 5])}}, "each of its"),
        ({"tensors": {"mapping": np.array([0, 1, 2, 3, -1])}}, "each of its"),
        ({"tensors": {"weights": ROWS[0]}}, "each of its 5 tokens"),
        (
            {"tensors": {"weights": np.full(5, np.nan)}},
            "finite numbers in 'weights'",
        ),
    ],
)
def test_a_folder_that_is_no_static_one(change, expected, tmp_path):
    write(tmp_path, **change)
    with pytest.raises(ValueError, match=expected):
        load_static(tmp_path)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json"]
)
def test_a_damaged_file_is_named(name, tmp_path):
    path = write(tmp_path) / name
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match=name):
        load_static(tmp_path)
