import dataclasses
import sys

import keras
import numpy as np
import pytest
from support import models
from support.texts import texts

import keras_mirror
from keras_mirror.adaptation.start import open_start
from keras_mirror.adaptation.training import train_from
from keras_mirror.adaptation.verdict import Verdict
from keras_mirror.data import collect_strings
from keras_mirror.merging import copied

# `keras_mirror.adaptation.adapt` is the function too.
ADAPT = sys.modules["keras_mirror.adaptation.adapt"]
FIELDS = {"batch_size": 10}
LABELS = ["one", "two", "three", "four"] * 10


def labels(number=40):
    return LABELS[:number]


def verdict(name):
    taken = "apart" if name == "adapted" else None
    return lambda names, rows, general_counts: Verdict(name, [], taken)


@pytest.fixture
def run(trained_model, monkeypatch):
    """Adapts a tiny encoder; a verdict may be given, and training left out."""

    def call(name=None, is_trained=True, **options):
        if name:
            monkeypatch.setattr(ADAPT, "decide", verdict(name))
        if not is_trained:
            monkeypatch.setattr(ADAPT, "train_from", models.moved_candidates)
        options = {**FIELDS, **options}
        return keras_mirror.adapt(trained_model, texts(40), **options)

    return call


def same_vectors(model, other):
    vectors = [each.encode_text(texts(8)) for each in (model, other)]
    return np.allclose(*vectors, atol=1e-6)


# === Tokens ===

ARABIC = [f"ذهب الولد إلى المدرسة {'و' * number}" for number in range(1, 41)]


@pytest.fixture
def no_training(monkeypatch):
    """Fails where a refusal comes too late, and stops what goes on."""

    def train(*arguments):
        raise RuntimeError("it trains")

    monkeypatch.setattr(ADAPT, "train_from", train)


def test_unknown_tokens_are_refused(trained_model, no_training):
    with pytest.raises(ValueError, match="of the tokens .* unknown") as raised:
        keras_mirror.adapt(trained_model, ARABIC, **FIELDS)
    for way_out in ("'multilingual_minilm_l12_v2'", "force=True", "--force"):
        assert way_out in str(raised.value)


def test_force_adapts_to_unknown_tokens(trained_model, no_training):
    with (
        pytest.warns(UserWarning, match="are unknown to the vocabulary"),
        pytest.raises(RuntimeError, match="it trains"),
    ):
        keras_mirror.adapt(trained_model, ARABIC, force=True, **FIELDS)


# === What is taken ===


@pytest.mark.parametrize("name", ["kept", "no evidence"])
def test_without_evidence_for_the_original_is_kept(run, trained_model, name):
    adaptation = run(name, is_trained=False)
    assert same_vectors(adaptation.model, trained_model)
    assert not any(
        same_vectors(candidate, trained_model)
        for candidate in adaptation.candidates.values()
    )
    assert adaptation.model.record.notes[-1].startswith(f"{name}: ")
    assert adaptation.model.recipe == trained_model.recipe
    assert adaptation.model.record.runs == trained_model.record.runs


def test_with_evidence_for_the_adapted_one_is_taken(run):
    adaptation = run("adapted", is_trained=False)
    assert list(adaptation.candidates) == ["together", "apart"]
    assert adaptation.model is adaptation.candidates["apart"]
    assert adaptation.model.record.notes[-1].startswith("adapted: ")
    assert adaptation.taken == "apart" and not adaptation.is_forced


def test_force_takes_the_adapted_one_and_says_so(run):
    adaptation = run("kept", is_trained=False, force=True)
    assert adaptation.model is adaptation.candidates["together"]
    assert adaptation.model.record.notes[-1].startswith(
        "adapted (together) because it was forced; kept: "
    )


def test_the_original_is_not_changed(run, trained_model):
    before = copied(trained_model)
    notes = trained_model.record.notes
    run("kept", is_trained=False)
    assert same_vectors(trained_model, before)
    assert trained_model.record.notes == notes


def trained(start, seeds, alpha=1.0):
    """What training by one recipe ends at."""
    corpus = collect_strings(texts(40))
    one = dataclasses.replace(start, recipes={"": start.recipes["apart"]})
    candidates, _ = train_from(one, corpus, alpha, seeds, None, lambda *_: None)
    return candidates[""].encoder.get_weights()


def test_a_seed_repeats_and_candidates_are_merged(trained_model):
    start = open_start(trained_model, **FIELDS)
    old = trained_model.encoder.get_weights()
    whole, again, other = (trained(start, seeds) for seeds in ([1], [1], [2]))
    half = trained(start, [1, 2], alpha=0.5)
    assert any(
        abs(x - y).max() > 1e-5 for x, y in zip(whole, other, strict=True)
    )
    for weights in zip(old, whole, again, other, half, strict=True):
        before, first, second, of_other_seed, merged = weights
        np.testing.assert_allclose(first, second, atol=1e-6)
        expected = before / 2 + (first + of_other_seed) / 4
        np.testing.assert_allclose(merged, expected, atol=1e-5)


def test_a_candidate_is_what_its_recipe_alone_makes(trained_model):
    start = open_start(trained_model, **FIELDS)
    corpus = collect_strings(texts(40))
    both, _ = train_from(start, corpus, 1.0, [1], None, lambda *_: None)
    together, apart = both["together"], both["apart"]
    assert not same_vectors(together, apart)
    weights = apart.encoder.get_weights()
    for one, two in zip(weights, trained(start, [1]), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    for name, model in both.items():
        assert model.recipe == start.recipes[name]
    assert len(apart.record.runs) == len(trained_model.record.runs) + 1


def test_the_adapted_one_may_be_centered(run):
    adaptation = run("adapted", is_trained=False, center=True)
    vectors = adaptation.model.encode_text(adaptation.corpus.strings)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-5)


# === What it works with ===


def test_labels_are_evidence(run):
    evaluation = run(is_trained=False, labels=labels()).evaluation
    metrics = [row.metric for row in evaluation.rows if row.task == "labels"]
    assert metrics == ["label AUC", "1-NN accuracy", "cluster NMI"]
    assert list(evaluation.models) == ["as it was", "together", "apart"]


def test_columns_may_be_trained_on_but_for_those_that_are_evidence(run):
    columns = list(zip(texts(60), texts(60, seed=5), strict=True))
    adaptation = run(
        is_trained=False, columns=columns, train_columns=True, sample=1000
    )
    corpus = adaptation.corpus
    trained_on = {
        pair
        for pair in zip(corpus.strings, corpus.partners, strict=True)
        if pair[0] != pair[1]
    }
    [task] = [t for t in adaptation.evaluation.tasks if t.name == "columns"]
    assert len(trained_on) == 48 and len(task.pairs) == 12
    assert not trained_on & set(task.pairs)


def test_the_whole_way(run, tmp_path, trained_model):
    told = {}

    def on_progress(part, count, total):
        done, _ = told.get(part, (0, 0))
        told[part] = done + count, total

    folder = tmp_path / "guide"
    adaptation = run(
        "adapted", sample=20, on_progress=on_progress, guide_folder=folder
    )
    assert told["guide"] == (20, 20) and told["training"] == (4, 4)
    assert told["evidence"][0] == told["evidence"][1] > 0
    assert len(np.load(folder / "guide.npy")) == 20
    assert len(adaptation.corpus.strings) == 20
    *_, run_on_record = adaptation.model.record.runs
    assert run_on_record.steps == 2
    assert set(adaptation.seconds) == {"training", "evidence"}
    for candidate in adaptation.candidates.values():
        assert not same_vectors(candidate, trained_model)


# === What it starts from ===


def test_an_encoder_is_guided(trained_model):
    start = open_start(trained_model)
    assert start.is_encoder and start.alpha == 0.5 and start.sample == 5000
    together, apart = start.recipes.values()
    assert together.guide_share and together.neighbor_rate
    assert apart.guide_ceiling and not apart.neighbor_rate
    for recipe in (together, apart):
        assert recipe.pooled_layers == trained_model.recipe.pooled_layers
        assert recipe.frequency_smoothing


def test_an_archive_of_an_encoder_is_one(trained_archive):
    assert open_start(trained_archive).is_encoder


def test_a_raw_language_model_is_mirrored_as_before(preset):
    start = open_start(preset)
    assert not start.is_encoder and start.alpha == 1 and start.sample == 10_000
    recipe = keras_mirror.recipes.get_recipe("sentence")
    assert start.recipes == {"mirrored": recipe}


def test_a_sentence_encoder_keeps_its_pooling(trained_model, tmp_path):
    model = models.make_model(pooling_mode="max")
    model.export(tmp_path / "folder")
    start = open_start(tmp_path / "folder")
    assert start.is_encoder and start.model.recipe.pooling_mode == "max"
    assert start.recipes["together"].pooling_mode == "max"
    assert start.recipes["apart"].guide_ceiling


def test_of_a_raw_model_a_gain_on_the_general_probe_counts(preset, monkeypatch):
    counted = []

    def decide(names, rows, general_counts):
        counted.append(general_counts)
        return Verdict("adapted", [], "mirrored")

    monkeypatch.setattr(ADAPT, "decide", decide)
    monkeypatch.setattr(ADAPT, "train_from", models.moved_candidates)
    adaptation = keras_mirror.adapt(preset, texts(40), **FIELDS)
    assert counted == [True] and not adaptation.is_encoder
    assert list(adaptation.candidates) == ["mirrored", "whitened"]
    ends = [c.encoder.whitened for c in adaptation.candidates.values()]
    assert ends == [False, True] and adaptation.risks["whitened"]


def test_fields_are_those_of_all_that_is_tried(trained_model):
    start = open_start(trained_model, learning_rate=1e-3, guide_share=0.2)
    rates = [(r.learning_rate, r.guide_share) for r in start.recipes.values()]
    assert rates == [(1e-3, 0.2)] * 2


def test_layers_that_are_built_stay(trained_model):
    with pytest.raises(ValueError, match="decide how layers are built"):
        open_start(trained_model, pooling_mode="cls")


def test_other_starts_are_refused():
    with pytest.raises(TypeError, match="`model` must be a `MirrorModel`"):
        open_start(keras.Sequential())
