import collections

import keras
import numpy as np
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror.encoder import encode as encoding
from keras_mirror.evaluation import EntailmentTask
from keras_mirror.evaluation import SimilarityTask
from keras_mirror.evaluation import TextEmbeddings
from keras_mirror.evaluation import evaluate


def similarity(name, size=30, seed=0, **options):
    # Not `texts_1` reversed: equal pairs tie, and rounding breaks the ties.
    return SimilarityTask(
        name=name,
        texts_1=texts(size, seed),
        texts_2=texts(size, seed + 100),
        scores=np.random.default_rng(seed).integers(6, size=size).tolist(),
        **options,
    )


def entailment():
    strings = texts(10)
    labels = [True] * 5 + [False] * 5
    return EntailmentTask(
        name="QNLI", texts_1=strings, texts_2=strings[::-1], labels=labels
    )


@pytest.fixture(scope="module")
def models():
    # Not "cls": its cosines differ by less than rounding does.
    keras.utils.set_random_seed(0)
    return {name: make_model(pooling_mode=name) for name in ("max", "mean")}


def test_rows_kind_by_kind_with_their_averages(models):
    subsets = ["a"] * 10 + ["b"] * 20
    tasks = [
        similarity("STS14"),
        entailment(),
        similarity("SICK", 20, seed=1, subsets=subsets[:20]),
        similarity("SimLex", kind="word similarity"),
    ]
    evaluation = evaluate(models, tasks)
    assert [(r.task, r.subset, r.metric) for r in evaluation.rows] == [
        ("STS14", "", "Spearman"),
        ("STS14", "", "Pearson"),
        ("SICK", "", "Spearman"),
        ("SICK", "", "Pearson"),
        ("SICK", "a", "Spearman"),
        ("SICK", "a", "Pearson"),
        ("SICK", "b", "Spearman"),
        ("SICK", "b", "Pearson"),
        ("average of 2", "", "Spearman"),
        ("QNLI", "", "area under ROC"),
        ("SimLex", "", "Spearman"),
        ("SimLex", "", "Pearson"),
    ]
    first, sick, mean = (evaluation.rows[i] for i in (0, 2, 8))
    assert mean.kind == "sentence similarity" and mean.num_items == 50
    for column, model in enumerate(models.values()):
        expected = tasks[0].score(model.encode_text)[0].score.value
        assert first.scores[column].value == pytest.approx(expected, abs=1e-6)
        both = first.scores[column].value + sick.scores[column].value
        assert mean.scores[column].value == pytest.approx(both / 2)
    (difference,) = first.differences
    values = [score.value for score in first.scores]
    assert difference.value == pytest.approx(values[1] - values[0])
    assert abs(difference.value) > 1e-3
    low, high = difference.interval
    assert low < difference.value < high


def test_every_text_is_encoded_once(models, monkeypatch):
    encoded = collections.Counter()
    tokenize = models["max"].preprocessor.tokenize

    def count(texts, *prompt):
        encoded.update(texts)
        return tokenize(texts, *prompt)

    monkeypatch.setattr(models["max"].preprocessor, "tokenize", count)
    tasks = [similarity("STS14"), similarity("STS-B"), entailment()]
    evaluate({"max": models["max"]}, tasks)
    assert set(encoded.values()) == {1}
    assert set(encoded) == {text for task in tasks for text in task.texts()}


def test_progress_adds_up(models, monkeypatch):
    monkeypatch.setattr(encoding, "CHUNK_SIZE", 7)
    told = collections.defaultdict(list)
    tasks = [similarity("STS14")]
    evaluate(models, tasks, on_progress=lambda name, n: told[name].append(n))
    num_texts = len(set(tasks[0].texts()))
    assert {name: sum(counts) for name, counts in told.items()} == {
        name: num_texts for name in models
    }
    assert len(told["max"]) > 1


def test_embeddings_in_any_order(models):
    strings = texts(20)
    embed = TextEmbeddings(models["mean"], strings + strings)
    assert len(embed.texts) == len(embed.embeddings) == len(set(strings))
    np.testing.assert_allclose(
        embed(strings[::-1] + strings[:1]),
        models["mean"].encode_text(strings[::-1] + strings[:1]),
        atol=1e-5,
    )
    lengths = map(len, models["mean"].preprocessor.tokenize(list(set(strings))))
    assert embed.num_cut == sum(length > 22 for length in lengths) > 0


def test_the_same_evaluation_twice(models):
    first, second = (evaluate(models, [similarity("STS14")]) for _ in range(2))
    for row_1, row_2 in zip(first.rows, second.rows, strict=True):
        assert row_1.differences[0].interval == row_2.differences[0].interval


def test_nothing_to_do(models):
    with pytest.raises(ValueError, match="0 models, 1 tasks"):
        evaluate({}, [similarity("STS14")])
    with pytest.raises(ValueError, match="2 models, 0 tasks"):
        evaluate(models, [])
