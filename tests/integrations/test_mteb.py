import importlib
import socket
import sys

import keras
import numpy as np
import pytest
import scipy.stats
from support.models import make_model
from support.texts import SENTENCES

REASON = "needs mteb: pip install keras-mirror[mteb]"
mteb = pytest.importorskip("mteb", reason=REASON)
datasets = pytest.importorskip("datasets", reason=REASON)
MTEBEncoder = pytest.importorskip("keras_mirror.integrations.mteb").MTEBEncoder

PAIRS = {
    "sentence1": SENTENCES[:8],
    "sentence2": SENTENCES[1:9],
    "score": [0.5, 3.0, 1.5, 5.0, 2.0, 4.5, 0.0, 3.5],
}
TITLES = ["", "Dogs", "Food", "A kitchen", "", "Music", "Numbers", "Animals"]


def metadata(name, kind, main_score):
    return mteb.TaskMetadata(
        name=name,
        type=kind,
        main_score=main_score,
        description="Made up for this test.",
        category="t2t",
        eval_langs=["eng-Latn"],
        dataset={"path": "nowhere/at-all", "revision": "1"},
    )


class Pairs(mteb.abstasks.AbsTaskSTS):
    metadata = metadata("MadeUpPairs", "STS", "cosine_spearman")

    def load_data(self, **options):
        test = datasets.Dataset.from_dict(PAIRS)
        self.dataset = datasets.DatasetDict(test=test)
        self.data_loaded = True


class Documents(mteb.abstasks.AbsTaskRetrieval):
    metadata = metadata("MadeUpDocuments", "Retrieval", "mrr_at_10")

    def load_data(self, **options):
        ids = [f"id {number}" for number in range(8)]
        corpus = {"id": ids, "title": TITLES, "text": PAIRS["sentence1"]}
        queries = {"id": ids, "text": PAIRS["sentence2"]}
        split = {
            "corpus": datasets.Dataset.from_dict(corpus),
            "queries": datasets.Dataset.from_dict(queries),
            "relevant_docs": {number: {number: 1} for number in ids},
            "top_ranked": None,
        }
        self.dataset = {"default": {"test": split}}
        self.data_loaded = True


def evaluate(encoder, task, cache=None):
    result = mteb.evaluate(
        encoder, task, cache=cache, co2_tracker=False, show_progress_bar=False
    )
    return result.task_results[0].scores["test"][0]


def data_loader(texts, batch_size=4):
    import torch

    rows = [{"text": text} for text in texts]
    return torch.utils.data.DataLoader(rows, batch_size=batch_size)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Refuses the network, and fails a test whose code hid a refusal."""
    attempts = []

    def refuse(*address, **options):
        attempts.append(address)
        raise OSError(f"no network in this test: {address}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert not attempts


def test_similarity_scores_are_ours(model):
    scores = evaluate(MTEBEncoder(model), Pairs())
    vectors = [
        model.encode_text(PAIRS[name]) for name in ("sentence1", "sentence2")
    ]
    cosines = np.diag(model.similarity(*vectors))
    spearman = scipy.stats.spearmanr(PAIRS["score"], cosines).statistic
    pearson = scipy.stats.pearsonr(PAIRS["score"], cosines).statistic
    for prefix in ("", "cosine_"):
        assert abs(scores[f"{prefix}spearman"] - spearman) < 1e-6
        assert abs(scores[f"{prefix}pearson"] - pearson) < 1e-5  # float32
    assert scores["main_score"] == scores["cosine_spearman"]


def test_retrieval_ranks_are_ours(model):
    scores = evaluate(MTEBEncoder(model), Documents())
    texts = zip(TITLES, PAIRS["sentence1"], strict=True)
    documents = [f"{title} {text}".strip() for title, text in texts]
    queries = model.encode_text(PAIRS["sentence2"])
    similarities = model.similarity(queries, model.encode_text(documents))
    found = np.diag(similarities)[:, np.newaxis]
    ranks = (similarities >= found).sum(axis=1)
    assert 1 < ranks.mean() < 8
    assert abs(scores["mrr_at_10"] - np.mean(1 / ranks)) < 1e-5
    assert abs(scores["recall_at_3"] - np.mean(ranks <= 3)) < 1e-5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # mteb 2.26 and scikit-learn
def test_every_kind_of_text_task_runs(model):
    result = mteb.mock_run(MTEBEncoder(model))
    kinds = {
        name: type(outcome).__name__
        for name, outcome in result.items()
        if outcome is not None
    }
    assert set(kinds.values()) == {"TaskResult"}, result.to_markdown()
    assert len(kinds) >= 20


def test_vectors_are_those_of_encode_text(model):
    encoder = MTEBEncoder(model)
    texts = PAIRS["sentence1"]
    vectors = encoder.encode(data_loader(texts), prompt_type=None)
    assert vectors.dtype == "float32"
    expected = model.encode_text(texts)
    np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-5)


def test_one_call_of_encode_text_for_all_batches(model, monkeypatch):
    def encode_text(self, text, batch_size):
        return text, batch_size

    monkeypatch.setattr(type(model), "encode_text", encode_text)
    encoder = MTEBEncoder(model)
    given = encoder.encode(data_loader(SENTENCES), batch_size=5)
    assert given == (SENTENCES, 5)


def test_no_texts_no_vectors(model):
    assert MTEBEncoder(model).encode([]).shape == (0, 8)


def test_an_archive_is_as_good_as_its_model(model, tmp_path):
    path = tmp_path / "my encoder.keras"
    model.save(path)
    of_model = MTEBEncoder(model, name="my encoder")
    of_archive = MTEBEncoder(path)
    assert of_archive.mteb_model_meta == of_model.mteb_model_meta
    assert MTEBEncoder(str(path)).name == of_model.name
    scores = [evaluate(encoder, Pairs()) for encoder in (of_archive, of_model)]
    assert abs(scores[0]["spearman"] - scores[1]["spearman"]) < 1e-6
    assert abs(scores[0]["pearson"] - scores[1]["pearson"]) < 1e-5


@pytest.mark.parametrize(
    "given, expected", [("mine", "keras_mirror/mine"), ("us/mine", "us/mine")]
)
def test_names(model, given, expected):
    name = MTEBEncoder(model, name=given).mteb_model_meta.name
    assert name == expected


def test_metadata(model):
    meta = MTEBEncoder(model).mteb_model_meta
    assert meta.name == f"keras_mirror/{model.name}"
    assert meta.embed_dim == 8
    assert meta.max_tokens == 24
    assert meta.n_parameters == model.count_params() > 1000
    assert meta.similarity_fn_name.value == "cosine"
    assert meta.modalities == ["text"]
    assert isinstance(MTEBEncoder(model), mteb.EncoderProtocol)


def test_a_changed_model_is_not_given_old_results(tmp_path):
    model = make_model()
    encoder = MTEBEncoder(model)
    cache = mteb.ResultCache(tmp_path)
    before = evaluate(encoder, Pairs(), cache)["pearson"]
    normal = np.random.default_rng(0).normal
    model.set_weights([normal(size=w.shape) for w in model.get_weights()])
    after = evaluate(encoder, Pairs(), cache)["pearson"]
    assert abs(after - before) > 1e-3
    again = evaluate(encoder, Pairs(), cache)["pearson"]
    assert abs(again - after) < 1e-5  # written with six decimals
    assert len(list(tmp_path.rglob("MadeUpPairs.json"))) == 2


@pytest.mark.parametrize(
    "settings, num_revisions",
    [
        ({}, 1),
        ({"pooling_mode": "max"}, 2),
        ({"sequence_length": 20}, 2),
        ({"dtype": "mixed_bfloat16"}, 2),
    ],
)
def test_revisions(model, settings, num_revisions):
    other = make_model(**settings)
    other.set_weights(model.get_weights())
    revisions = {
        MTEBEncoder(each).mteb_model_meta.revision for each in (model, other)
    }
    assert len(revisions) == num_revisions


def test_encoding_leaves_the_revision(model):
    encoder = MTEBEncoder(model)
    revision = encoder.mteb_model_meta.revision
    encoder.encode(data_loader(PAIRS["sentence1"]))
    assert encoder.mteb_model_meta.revision == revision


@pytest.mark.parametrize(
    "shape_1, shape_2, expected",
    [((3, 8), (2, 8), (3, 2)), ((8,), (2, 8), (1, 2)), ((8,), (8,), (1, 1))],
)
def test_similarity(model, shape_1, shape_2, expected):
    generator = np.random.default_rng(0)
    embeddings = [generator.normal(size=shape) for shape in (shape_1, shape_2)]
    encoder = MTEBEncoder(model)
    similarities = encoder.similarity(*embeddings)
    assert tuple(similarities.shape) == expected
    if expected == (1, 1):
        assert -1 <= float(similarities) <= 1  # as mteb asks, summarization
    rows = map(np.atleast_2d, embeddings)
    np.testing.assert_allclose(similarities, model.similarity(*rows), atol=1e-6)


def test_pairwise_similarity(model):
    embeddings = np.random.default_rng(0).normal(size=(2, 5, 8))
    cosines = MTEBEncoder(model).similarity_pairwise(*embeddings)
    expected = np.diag(model.similarity(*embeddings))
    np.testing.assert_allclose(cosines, expected, atol=1e-6)


@pytest.mark.parametrize(
    "batch, keys",
    [
        ({"image": [None]}, r"\['image'\]"),
        ({"text": ["a"], "image": [None]}, r"\['image', 'text'\]"),
        ({"text": ["a"], "audio": [None]}, r"\['audio', 'text'\]"),
        ({"title": ["a"]}, r"\['title'\]"),
    ],
)
def test_refuses_what_is_not_only_text(model, batch, keys):
    message = (
        "A mirror model encodes text only: batches must have strings under "
        f"'text' and no images, audio or video. Received: a batch with {keys}"
    )
    with pytest.raises(ValueError, match=message):
        MTEBEncoder(model).encode([batch])


def test_refuses_another_precision(model):
    message = (
        "`precision` must be None or 'float32', which is what a mirror model "
        "gives. Received: precision='int8'"
    )
    encoder = MTEBEncoder(model)
    with pytest.raises(ValueError, match=message):
        encoder.encode([], precision="int8")
    encoder.encode([], precision="float32")


def test_refuses_another_model(tmp_path):
    message = (
        "`model` must be a `MirrorModel`, its archive or a preset. "
        "Received: model=.* of type "
    )
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    other.save(tmp_path / "other.keras")
    with pytest.raises(TypeError, match=message + "Sequential"):
        MTEBEncoder(other)
    with pytest.raises(TypeError, match="must hold a MirrorModel.*Sequential"):
        MTEBEncoder(tmp_path / "other.keras")
    with pytest.raises(TypeError, match=message + "int"):
        MTEBEncoder(3)


@pytest.fixture
def without_mteb(monkeypatch):
    registered = dict(keras.saving.get_custom_objects())
    for name in [*sys.modules, "mteb"]:
        if name.partition(".")[0] == "mteb":
            monkeypatch.setitem(sys.modules, name, None)
        elif name.startswith("keras_mirror"):
            monkeypatch.delitem(sys.modules, name)
    yield
    keras.saving.get_custom_objects().update(registered)


def test_without_mteb_only_the_adapter_asks_for_it(without_mteb):
    importlib.import_module("keras_mirror")
    with pytest.raises(ImportError) as error:
        importlib.import_module("keras_mirror.integrations.mteb")
    message = str(error.value)
    assert message.startswith("mteb cannot be imported: ")
    assert message.endswith(". Install it: `pip install keras-mirror[mteb]`")
    assert "\n" not in message
