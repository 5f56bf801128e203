import numpy as np
import pytest
import sklearn.metrics
from support.models import make_model

from keras_mirror.evaluation import RetrievalTask
from keras_mirror.evaluation import ranking
from keras_mirror.evaluation import score_retrieval
from keras_mirror.evaluation.tasks import retrieval


def ranks_by_loops(similarities, grades):
    """Stands every relevant document behind all that are as near."""
    places = list(range(len(similarities)))
    places.sort(key=lambda i: (-similarities[i], i in grades, grades.get(i, 0)))
    return [places.index(i) + 1 for i in places if i in grades]


@pytest.mark.parametrize("num_values", [3, 1000])
def test_ranks_equal_loops(num_values):
    generator = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        similarities = generator.integers(num_values, size=12) / 7
        chosen = generator.permutation(12)[: generator.integers(1, 5)]
        grades = {int(i): int(generator.integers(1, 4)) for i in chosen}
        ranks, gains = ranking.relevant_ranks(similarities, grades)
        assert ranks.tolist() == ranks_by_loops(similarities, grades)
        assert sorted(gains) == sorted(grades.values())
        seen |= set(ranks)
    assert seen == set(range(1, 13))


def test_equal_vectors_find_nothing():
    ranks, gains = ranking.relevant_ranks(np.ones(9), {0: 3, 8: 1})
    assert ranks.tolist() == [8, 9] and gains.tolist() == [1, 3]


@pytest.mark.parametrize("k", [1, 3, 10])
def test_ndcg_equals_scikit_learn(k):
    generator = np.random.default_rng(k)
    for _ in range(20):
        similarities = generator.normal(size=15)
        chosen = generator.permutation(15)[: generator.integers(1, 8)]
        grades = {int(i): int(generator.integers(1, 4)) for i in chosen}
        truth = np.zeros((1, 15))
        truth[0, list(grades)] = list(grades.values())
        expected = sklearn.metrics.ndcg_score(truth, similarities[None], k=k)
        pair = ranking.relevant_ranks(similarities, grades)
        assert ranking.ndcg_at(*pair, k) == pytest.approx(expected, abs=1e-12)


def test_recall_and_hits():
    ranks = np.array([2, 5, 11])
    assert ranking.recall_at(ranks, 1) == 0
    assert ranking.recall_at(ranks, 5) == pytest.approx(2 / 3)
    assert ranking.recall_at(ranks, 11) == 1
    assert ranking.hits([ranks, np.array([np.inf]), np.array([1, 6])]) == {
        "accuracy@1": [0, 0, 1],
        "accuracy@5": [1, 0, 1],
        "mean reciprocal rank": [0.5, 0, 1],
    }


def angles(texts):
    """Embeddings of texts that are angles, in degrees."""
    radians = np.deg2rad([float(text) for text in texts])
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


class Angles:
    """A model of such texts that remembers what it encoded."""

    def __init__(self):
        self.encoded = []

    def encode_text(self, texts):
        self.encoded += texts
        return angles(texts)


def task(queries, documents, found, **options):
    relevance = [{index: 1} for index in found]
    return RetrievalTask(
        name="angles",
        queries=queries,
        documents=documents,
        relevance=relevance,
        **options,
    )


def test_scores_of_known_angles():
    documents = ["0", "10", "20", "30", "40", "50", "60"]
    tasks = [
        task(["1", "29", "1"], documents, [0, 2, 4]),  # 1, 2 and 5
        task(["1", "2"], documents, [6, 5]),  # ranks 7 and 6
    ]
    model = Angles()
    assert score_retrieval(model, tasks) == {
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
        task(["1", "2", "3"], documents, [0, 0, 0]),
        task(["4"], documents, [1]),
    ]
    assert score_retrieval(Angles(), tasks)["accuracy@1"] == 3 / 4


@pytest.mark.parametrize("block", [1, 2, 256])
def test_retrieval_task(block, monkeypatch):
    monkeypatch.setattr(retrieval, "QUERIES_AT_ONCE", block)
    documents = [str(angle) for angle in range(0, 130, 10)]
    graded = RetrievalTask(
        name="angles",
        queries=["1", "61", "120"],
        documents=documents,
        relevance=[{0: 1}, {5: 2, 6: 1}, {0: 1, 11: 1}],
        ignored=[-1, -1, 12],
    )
    scores = {r.metric: r.score.value for r in graded.score(angles)}
    # The places of the relevant documents: 1; 1 and 3; 1 and 12 of 12.
    ndcg = (1 + 2 / np.log2(4)) / (2 + 1 / np.log2(3))
    third = 1 / (1 + 1 / np.log2(3))
    assert scores == {
        "nDCG@10": pytest.approx((1 + ndcg + third) / 3),
        "recall@1": pytest.approx((1 + 1 / 2 + 1 / 2) / 3),
        "recall@10": pytest.approx((1 + 1 + 1 / 2) / 3),
        "recall@100": 1.0,
        "mean reciprocal rank": 1.0,
    }


def test_a_model_finds_the_same_text():
    texts = ["a man plays", "a woman plays", "two dogs run"]
    same = task(texts, texts[::-1], [2, 1, 0])
    assert score_retrieval(make_model(), [same])["accuracy@1"] == 1.0


def test_invalid_tasks():
    with pytest.raises(ValueError, match="'queries': 2, 'relevance': 1"):
        task(["a", "b"], ["c"], [0])
    with pytest.raises(ValueError, match="'ignored': 2"):
        task(["a"], ["c"], [0], ignored=[-1, -1])
    for index in (-1, 1):
        with pytest.raises(ValueError, match=r"Received: {.*} for the query"):
            task(["a", "b"], ["d"], [0, index])
    with pytest.raises(ValueError, match="1 documents"):
        RetrievalTask(name="x", queries=["a"], documents=["b"], relevance=[{}])
    with pytest.raises(ValueError, match="must hold a query"):
        score_retrieval(Angles(), [])
