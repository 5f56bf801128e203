import numpy as np
import pytest
from helpers import make_model

from keras_mirror.evaluation import RetrievalTask
from keras_mirror.evaluation import retrieval_ranks
from keras_mirror.evaluation import score_retrieval


def ranks_by_loops(similarities, positives):
    ranks = []
    for row, positive in zip(similarities, positives, strict=True):
        others = [value for i, value in enumerate(row) if i != positive]
        not_worse = [value for value in others if value >= row[positive]]
        ranks.append(1 + len(not_worse))
    return ranks


@pytest.mark.parametrize("num_values", [3, 1000])
def test_ranks_equal_loops(num_values):
    generator = np.random.default_rng(0)
    similarities = generator.integers(num_values, size=(40, 12)) / 7
    positives = generator.integers(12, size=40)
    ranks = retrieval_ranks(similarities, positives)
    assert ranks.tolist() == ranks_by_loops(similarities, positives)
    assert min(ranks) <= 2 and max(ranks) == 12


def test_equal_vectors_find_nothing():
    assert retrieval_ranks(np.ones((2, 9)), [0, 8]).tolist() == [9, 9]


class Angles:
    """A model whose texts are angles, in degrees."""

    def __init__(self):
        self.encoded = []

    def encode_text(self, texts):
        self.encoded += texts
        radians = np.deg2rad([float(text) for text in texts])
        return np.stack([np.cos(radians), np.sin(radians)], axis=1)

    def similarity(self, embeddings_1, embeddings_2):
        return embeddings_1 @ embeddings_2.T


def test_scores_of_known_angles():
    documents = ["0", "10", "20", "30", "40", "50", "60"]
    tasks = [
        RetrievalTask(["1", "29", "1"], documents, [0, 2, 4]),  # 1, 2 and 5
        RetrievalTask(["1", "2"], documents, [6, 5]),  # ranks 7 and 6
    ]
    model = Angles()
    scores = score_retrieval(model, tasks)
    assert scores == {
        "accuracy@1": 1 / 5,
        "accuracy@5": 3 / 5,
        "mean reciprocal rank": pytest.approx(
            (1 + 1 / 2 + 1 / 5 + 1 / 7 + 1 / 6) / 5
        ),
    }
    assert sorted(model.encoded) == sorted({*documents, "1", "29", "2"})


def test_every_query_counts_the_same():
    documents = ["0", "90"]
    tasks = [
        RetrievalTask(["1", "2", "3"], documents, [0, 0, 0]),
        RetrievalTask(["4"], documents, [1]),
    ]
    assert score_retrieval(Angles(), tasks)["accuracy@1"] == 3 / 4


def test_a_model_finds_the_same_text():
    texts = ["a man plays", "a woman plays", "two dogs run"]
    task = RetrievalTask(texts, texts[::-1], [2, 1, 0])
    assert score_retrieval(make_model(), [task])["accuracy@1"] == 1.0


def test_invalid_tasks():
    with pytest.raises(ValueError, match="2 queries, 1 positives"):
        RetrievalTask(["a", "b"], ["c"], [0])
    with pytest.raises(ValueError, match=r"Received: \[-1, 1\] with 1 doc"):
        RetrievalTask(["a", "b", "c"], ["d"], [1, -1, 0])
    with pytest.raises(ValueError, match="must hold a query"):
        score_retrieval(Angles(), [RetrievalTask([], ["a"], [])])
    with pytest.raises(ValueError, match="must hold a query"):
        score_retrieval(Angles(), [])
