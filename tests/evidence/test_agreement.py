import numpy as np
import pytest

from keras_mirror.evidence import agreement
from keras_mirror.evidence.agreement import agreement_task


@pytest.fixture
def rows(monkeypatch):
    """Texts are numbers; their vectors, those of the second encoder."""
    rows = np.random.default_rng(0).normal(size=(300, 6)).astype("float32")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    monkeypatch.setattr(
        agreement,
        "unit_embeddings",
        lambda model, texts, batch_size: rows[[int(text) for text in texts]],
    )
    return rows


def numbered(number):
    return [str(n) for n in range(number)]


def test_pairs_are_near_farther_and_drawn(rows):
    task = agreement_task(numbered(300), None)
    firsts = np.array([int(text) for text in task.texts_1]).reshape(300, 4)
    seconds = np.array([int(text) for text in task.texts_2]).reshape(300, 4)
    assert sorted(firsts[:, 0]) == list(range(300))
    assert (firsts == firsts[:, :1]).all()
    cosines = rows @ rows.T
    assert task.scores == pytest.approx(
        cosines[firsts, seconds].ravel(), abs=1e-6
    )
    np.fill_diagonal(cosines, 2)
    places = (-cosines).argsort(axis=1).argsort(axis=1)  # 0 is itself
    found = places[firsts, seconds]
    assert found.min() == 1
    assert set(found[:, 0]) == set(range(1, 11))
    assert found[:, 1].min() == 11 and found[:, 1].max() == 100
    assert found[:, 2:].max() > 280
    assert (found[:, 2] != found[:, 3]).all()


def test_of_many_texts_some_are_drawn(rows, monkeypatch):
    monkeypatch.setattr(agreement, "MAX_TEXTS", 120)
    monkeypatch.setattr(agreement, "NUM_ANCHORS", 7)
    first, again, other = (
        agreement_task(numbered(300), None, seed) for seed in (0, 0, 1)
    )
    assert first.num_items() == 28
    assert first == again != other
    assert len({int(text) // 100 for text in first.texts_1}) == 3


def test_the_second_encoder_agrees_with_itself(rows):
    task = agreement_task(numbered(50) * 2, None)
    assert task.num_items() == 200
    (headline,) = task.score(lambda texts: rows[[int(t) for t in texts]])
    assert headline.metric == "Spearman"
    assert headline.score.value == pytest.approx(1, abs=1e-4)


def test_too_few_texts(rows):
    message = r"at least 50 different texts.*Received: 49"
    with pytest.raises(ValueError, match=message):
        agreement_task([*numbered(49), "0", " "], None)
