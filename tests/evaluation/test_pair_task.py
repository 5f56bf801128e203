"""Known pairs: the first text finds the second among all."""

import numpy as np
import pytest
import scipy.sparse

from keras_mirror.evaluation import PairTask


def embedding_of(vectors):
    return lambda texts: np.array([vectors[text] for text in texts], "float32")


def values(task, embed):
    return {r.metric: r.score.value for r in task.score(embed)}


def random_task(seed=0):
    generator = np.random.default_rng(seed)
    texts = [f"text {number}" for number in range(30)]
    pairs = [
        (texts[first], texts[second])
        for first, second in generator.integers(20, size=(25, 2))
    ]
    vectors = {text: generator.normal(size=4) for text in texts}
    return PairTask(name="x", pairs=pairs, distractors=texts[15:]), vectors


def by_loops(task, vectors):
    """One over the place of the nearest partner, for every first text."""
    unit = {text: v / np.linalg.norm(v) for text, v in vectors.items()}
    reciprocals = []
    for query in dict.fromkeys(query for query, _ in task.pairs):
        right = {second for first, second in task.pairs if first == query}
        wrong = {second for _, second in task.pairs} | set(task.distractors)
        wrong -= {query} | right
        best = max(unit[query] @ unit[text] for text in right)
        nearer = sum(unit[query] @ unit[text] >= best for text in wrong)
        reciprocals.append(1 / (1 + nearer))
    return np.array(reciprocals)


@pytest.mark.parametrize("seed", range(5))
def test_equals_loops(seed):
    task, vectors = random_task(seed)
    expected = by_loops(task, vectors)
    results = task.score(embedding_of(vectors))
    assert [result.metric for result in results] == ["MRR", "accuracy@1"]
    assert results[0].score.value == pytest.approx(expected.mean())
    assert results[1].score.value == pytest.approx((expected == 1).mean())
    assert 0.1 < expected.mean() < 0.9
    assert results[0].num_items == len(expected) == task.num_items()
    low, high = results[0].score.interval
    assert low < expected.mean() < high
    known = {text for pair in task.pairs for text in pair}
    assert set(task.texts()) == known | set(task.distractors)


def test_sparse_rows_give_the_same():
    task, vectors = random_task()
    embed = embedding_of(vectors)
    sparse = values(task, lambda texts: scipy.sparse.csr_matrix(embed(texts)))
    assert sparse == pytest.approx(values(task, embed))


def test_the_query_itself_is_no_candidate_unless_it_is_right():
    vectors = {"a": [1, 0], "b": [0, 1]}
    task = PairTask(name="x", pairs=[("a", "b")], distractors=["a"])
    assert values(task, embedding_of(vectors))["MRR"] == 1
    task = PairTask(name="x", pairs=[("a", "a"), ("b", "b"), ("a", "b")])
    assert values(task, embedding_of(vectors))["MRR"] == 1


def test_ties_count_against():
    task = PairTask(name="x", pairs=[("a", "b")], distractors=["c", "d"])
    assert values(task, lambda texts: np.ones((len(texts), 3))) == {
        "MRR": pytest.approx(1 / 3),
        "accuracy@1": 0,
    }


def test_vectors_of_a_diverged_model_are_undefined():
    task, vectors = random_task()
    vectors["text 29"] = np.full(4, np.nan)
    assert set(values(task, embedding_of(vectors)).values()) == {None}


@pytest.mark.parametrize(
    "pairs, received", [([], "'none'"), ([("a", "b"), ("c",)], r"\('c',\)")]
)
def test_invalid_pairs(pairs, received):
    message = "tuples of two texts, at least one. Received: " + received
    with pytest.raises(ValueError, match=message):
        PairTask(name="x", pairs=pairs)
