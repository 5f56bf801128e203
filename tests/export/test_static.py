"""Static vectors, read by this package, model2vec and others."""

import json

import keras
import numpy as np
import pytest
from support import models as tiny_models
from support import texts as corpora
from support.exports import make_model

import keras_mirror
from keras_mirror.export.static.export import export_static
from keras_mirror.export.static.kept import kept
from keras_mirror.export.static.token_batches import TokenBatches
from keras_mirror.export.static.token_vectors import token_vectors
from keras_mirror.export.static.token_weights import token_weights
from keras_mirror.export.static.tokenizer import static_tokenizer
from keras_mirror.export.static.tokenizer import text_tokens
from keras_mirror.export.static.training import trained
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer
from keras_mirror.static import load_static
from keras_mirror.unit_rows import unit_rows

HARD = [
    *corpora.SENTENCES,
    "a [MASK] man [SEP] <s> </s> <mask> [UNK]",
    "café naïve ß ™ 雪の中 😀",
    "a long one " * 40,
    "",
]
CORPUS = corpora.texts(40)


@pytest.fixture(scope="module")
def encoder():
    return make_model()


def report_of(folder):
    return json.loads((folder / "static.json").read_text(encoding="utf-8"))


# === What others read ===


@pytest.mark.parametrize("family", tiny_models.FEW_FAMILIES)
def test_all_readers_give_the_same(family, tmp_path):
    model2vec = pytest.importorskip("model2vec")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model = make_model(family)
    folder = tmp_path / "static"
    model.export(folder, "static", texts=CORPUS[:4], dimensions=4)
    vectors = load_static(folder).encode_text(HARD)
    theirs = model2vec.StaticModel.from_pretrained(str(folder)).encode(HARD)
    np.testing.assert_array_equal(vectors, theirs)
    assert vectors.shape == (len(HARD), 4)
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((lengths == 0) | (abs(lengths - 1) < 0.01)).all()
    assert lengths[0] and not lengths[-1]
    other = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    has_tokens = lengths > 0  # of none, it gives NaN
    np.testing.assert_allclose(
        other.encode(HARD)[has_tokens], vectors[has_tokens], atol=5e-3
    )
    assert (folder / "README.md").read_text("utf-8").startswith("---\n")


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_ids_are_those_of_the_model(family):
    tokenizer = tiny_models.tokenizer(family)
    fast = static_tokenizer(tokenizer)
    rows = fast.encode_batch(HARD, add_special_tokens=False)
    assert [row.ids for row in rows] == PlainTextTokenizer(tokenizer)(HARD)
    special = {"start", "end", "pad", "mask"}
    special = {getattr(tokenizer, f"{name}_token_id") for name in special}
    assert not special & set(text_tokens(fast))


def test_a_tokenizer_that_is_followed():
    tokenizer = tiny_models.followed_tokenizer()
    tokenizer.content["added_tokens"][0]["special"] = True
    fast = static_tokenizer(tokenizer)
    rows = fast.encode_batch(HARD, add_special_tokens=False)
    assert [row.ids for row in rows] == tokenizer(HARD)
    tokens = {fast.id_to_token(id) for id in text_tokens(fast)}
    assert "man" in tokens
    assert not any("[PAD]" in each or "[UNK]" in each for each in tokens)


def test_a_vocabulary_without_an_id(tmp_path):
    model2vec = pytest.importorskip("model2vec")
    model = tiny_models.followed_model()
    content = model.preprocessor.tokenizer.content
    del content["model"]["vocab"]["woman"]
    tokenizer = HuggingFaceTokenizer.from_content(
        content, model.preprocessor.tokenizer.roles
    )
    preprocessor = keras_mirror.MirrorPreprocessor(tokenizer, 16)
    model = keras_mirror.MirrorModel(model.encoder, preprocessor)
    model.export(tmp_path / "static", "static")
    loaded = load_static(tmp_path / "static")
    assert loaded.mapping is not None
    theirs = model2vec.StaticModel.from_pretrained(str(tmp_path / "static"))
    np.testing.assert_array_equal(loaded.encode_text(HARD), theirs.encode(HARD))


# === Options ===


def test_without_texts(encoder, tmp_path):
    encoder.export(tmp_path / "static", "static")
    size = encoder.encoder.output_shape[-1]  # smaller than the default
    loaded = load_static(tmp_path / "static")
    assert loaded.embeddings.shape[1] == size
    assert loaded.embeddings.dtype == "float16"
    report = report_of(tmp_path / "static")
    assert set(report) == {"dimensions", "tokens"}
    assert report["dimensions"] == size
    # The vectors of tokens around their mean, turned and weighted.
    ids = text_tokens(loaded.tokenizer)
    vectors = token_vectors(encoder, ids)
    vectors = (vectors - vectors.mean(axis=0)) * token_weights(len(ids))[
        :, None
    ]
    rows = loaded.embeddings[ids].astype("float32")
    np.testing.assert_allclose(rows @ rows.T, vectors @ vectors.T, atol=2e-3)


def test_int8_and_lengths(encoder, tmp_path):
    for name, options in {
        "float": {},
        "int8": {"int8": True},
        "plain": {"normalize": False},
    }.items():
        encoder.export(tmp_path / name, "static", dimensions=6, **options)
    vectors = {
        name: load_static(tmp_path / name).encode_text(HARD[:-1])
        for name in ("float", "int8", "plain")
    }
    assert load_static(tmp_path / "int8").embeddings.dtype == "int8"
    np.testing.assert_allclose(vectors["int8"], vectors["float"], atol=0.1)
    assert np.abs(np.linalg.norm(vectors["plain"], axis=1) - 1).max() > 0.01
    np.testing.assert_allclose(
        unit_rows(vectors["plain"]), vectors["float"], atol=2e-3
    )


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"dimensions": 0}, "`dimensions` must be a positive integer"),
        ({"int8": 1}, "`int8` must be a boolean. Received: int8=1"),
        ({"int8": True, "normalize": False}, "they must be normalized"),
        ({"texts": ["a man", "a man"]}, "two different texts. Received: 1"),
    ],
)
def test_wrong_options(options, expected, encoder, tmp_path):
    with pytest.raises(ValueError, match=expected):
        encoder.export(tmp_path / "static", "static", **options)
    assert not (tmp_path / "static").exists()


# === Fitting ===


def test_fitting_brings_texts_to_the_encoders_vectors(tmp_path):
    model = make_model()
    steps = []
    texts = [f"{text} {number}" for number, text in enumerate(CORPUS * 4)]
    for name, given in {"fitted": texts, "plain": None}.items():
        export_static(
            model,
            tmp_path / name,
            given,
            on_progress=lambda *step: steps.append(step),
        )
    report = report_of(tmp_path / "fitted")
    assert report["texts"] == 144 and report["held_out"] == 16
    assert {"Encoding tokens", "Encoding texts", "Fitting"} == {
        name for name, _, _ in steps
    }
    before = model.encode_text(texts)
    fitted, plain = (
        kept(before, load_static(tmp_path / name).encode_text(texts))
        for name in ("fitted", "plain")
    )
    assert fitted["cosines"] > plain["cosines"]
    assert 0 < report["kept"]["neighbors"] <= 1


def test_the_seed_decides_all(tmp_path):
    model = make_model()
    rows = []
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        keras.utils.set_random_seed(len(rows))
        model.export(tmp_path / name, "static", texts=CORPUS[:9], seed=seed)
        rows.append(load_static(tmp_path / name).embeddings)
    np.testing.assert_array_equal(rows[0], rows[1])
    assert (rows[0] != rows[2]).any()


def test_training_finds_the_vectors_behind_texts():
    generator = np.random.default_rng(0)
    truth = generator.normal(size=(12, 4)).astype("float32")
    start = truth + generator.normal(0, 0.5, truth.shape).astype("float32")
    texts = [generator.integers(0, 11, 3) for _ in range(40)]
    targets = unit_rows([truth[ids].sum(axis=0) for ids in texts])

    def distance(vectors):
        means = unit_rows([vectors[ids].sum(axis=0) for ids in texts])
        return 1 - (means * targets).sum(axis=1).mean()

    fitted = trained(start, np.eye(4), texts, targets, epochs=20)
    assert distance(fitted) < 0.8 * distance(start)
    assert fitted.shape == start.shape and np.isfinite(fitted).all()


def test_batches_hold_every_text_with_its_target():
    texts = [np.full(1 + n % 5, n) for n in range(64)]
    batches = TokenBatches(texts, np.arange(64.0)[:, None], 8, epochs=2, seed=0)
    seen = []
    for number in range(len(batches)):
        inputs, targets = batches[number]
        ids = inputs["token_ids"] * inputs["padding_mask"]
        assert (
            inputs["padding_mask"].sum(axis=1) == 1 + targets[:, 0] % 5
        ).all()
        assert (ids.max(axis=1) == targets[:, 0]).all()
        seen.append(targets[:, 0].tolist())
    first, second = sum(seen[:8], []), sum(seen[8:], [])
    assert sorted(first) == sorted(second) == list(range(64))
    assert first != second


# === Parts ===


def test_frequent_tokens_weigh_less():
    counts = np.array([0, 10**6, 10**4, 10**4])
    weights = token_weights(4, counts)
    assert weights[1] < weights[2] < weights[3] < weights[0] < 1
    by_rank = token_weights(30_000)
    assert (np.diff(by_rank) > 0).all() and by_rank[-1] > 0.9


def test_what_is_kept():
    generator = np.random.default_rng(0)
    before = generator.normal(size=(100, 8))
    assert kept(before[:11], before[:11]) == {}
    other = kept(before, generator.normal(size=(100, 8)))
    assert other["neighbors"] < 0.3 and abs(other["cosines"]) < 0.2
    near = kept(before, before + 0.3 * generator.normal(size=(100, 8)))
    assert 0.5 < near["neighbors"] < 1 and 0.8 < near["cosines"] < 1


def test_a_prompt_stands_before_every_token():
    model = make_model()
    model.preprocessor.prompts = type(model.preprocessor.prompts)(
        {"query": "the cat "}, "query"
    )
    ids = model.preprocessor.tokenizer.token_to_id
    expected = model.encode_text(["man"])
    vectors = token_vectors(model, [ids("man")])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
