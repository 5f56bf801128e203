import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from keras_mirror.evaluation import EntailmentTask
from keras_mirror.evaluation import LexiconTask
from keras_mirror.evaluation import LinkingTask
from keras_mirror.evaluation import SimilarityTask
from keras_mirror.evaluation.tasks.lexicon import csls
from keras_mirror.evaluation.tasks.lexicon import procrustes


class Vectors:
    """Random but fixed vectors of texts."""

    def __init__(self, dim=8, seed=0):
        self.generator = np.random.default_rng(seed)
        self.dim = dim
        self.known = {}

    def __call__(self, texts):
        for text in texts:
            if text not in self.known:
                self.known[text] = self.generator.normal(size=self.dim)
        return np.array([self.known[text] for text in texts])


def cosine(vector_1, vector_2):
    lengths = np.sqrt(vector_1 @ vector_1) * np.sqrt(vector_2 @ vector_2)
    return vector_1 @ vector_2 / lengths


# === Similarity ===


def similarity_task(size=40, **options):
    return SimilarityTask(
        name="mine",
        texts_1=[f"a {i % 9}" for i in range(size)],
        texts_2=[f"b {i % 7}" for i in range(size)],
        scores=[i % 5 for i in range(size)],
        **options,
    )


def values(results):
    return {(r.subset, r.metric): r.score.value for r in results}


def test_similarity_of_the_whole_and_of_its_parts():
    subsets = ["news" if i < 25 else "forum" for i in range(40)]
    task = similarity_task(subsets=subsets)
    embed = Vectors()
    cosines = np.array(
        [
            cosine(*embed([text_1, text_2]))
            for text_1, text_2 in zip(task.texts_1, task.texts_2, strict=True)
        ]
    )
    expected = {}
    for name, rows in [("", slice(0, 40)), ("news", slice(0, 25))] + [
        ("forum", slice(25, 40))
    ]:
        pair = cosines[rows], task.scores[rows]
        expected[name, "Spearman"] = scipy.stats.spearmanr(*pair).statistic
        expected[name, "Pearson"] = scipy.stats.pearsonr(*pair).statistic
    results = task.score(embed)
    assert values(results) == pytest.approx(expected, abs=1e-12)
    assert [r.num_items for r in results] == [40, 40, 25, 25, 15, 15]
    assert set(task.texts()) == {*task.texts_1, *task.texts_2}


def test_one_subset_is_the_whole():
    task = similarity_task(subsets=["news"] * 40)
    assert len(task.score(Vectors())) == 2


def test_constant_vectors_are_undefined():
    results = similarity_task().score(lambda texts: np.ones((len(texts), 3)))
    assert [result.score.value for result in results] == [None, None]


def test_all_zero_vectors_are_undefined():
    results = similarity_task().score(lambda texts: np.zeros((len(texts), 3)))
    assert [result.score.value for result in results] == [None, None]


def test_invalid_similarity_tasks():
    message = "'texts_1': 1, 'texts_2': 1, 'scores': 2, 'subsets': 2"
    with pytest.raises(ValueError, match=message):
        SimilarityTask(name="x", texts_1=["a"], texts_2=["b"], scores=[1, 2])
    with pytest.raises(ValueError, match="at least 1"):
        SimilarityTask(name="x", texts_1=[], texts_2=[], scores=[])
    with pytest.raises(ValueError, match="'subsets': 39"):
        similarity_task(subsets=["a"] * 39)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None, "4", True])
def test_scores_that_are_no_numbers(score):
    message = (
        rf"^`scores` must be finite numbers. Received: {score!r} at index 1"
    )
    with pytest.raises(ValueError, match=message):
        SimilarityTask(
            name="x", texts_1=["a"] * 2, texts_2=["b"] * 2, scores=[0, score]
        )


# === Entailment ===


def test_entailment():
    size = 30
    task = EntailmentTask(
        name="QNLI",
        texts_1=[f"q {i}" for i in range(size)],
        texts_2=[f"s {i % 4}" for i in range(size)],
        labels=[i % 3 == 0 for i in range(size)],
    )
    embed = Vectors()
    cosines = [cosine(*embed([f"q {i}", f"s {i % 4}"])) for i in range(size)]
    positives = [
        c for c, label in zip(cosines, task.labels, strict=True) if label
    ]
    negatives = [
        c for c, label in zip(cosines, task.labels, strict=True) if not label
    ]
    area = np.mean([p > n for p in positives for n in negatives])
    (result,) = task.score(embed)
    assert result.score.value == pytest.approx(area)
    with pytest.raises(ValueError, match="'labels': 0"):
        EntailmentTask(name="x", texts_1=["a"], texts_2=["b"], labels=[])


# === Lexicon induction ===


def csls_by_loops(sources, targets, k):
    cosines = [[cosine(s, t) for t in targets] for s in sources]
    result = np.empty((len(sources), len(targets)))
    for i in range(len(sources)):
        for j in range(len(targets)):
            nearest_targets = sorted(cosines[i], reverse=True)[:k]
            column = [row[j] for row in cosines]
            nearest_sources = sorted(column, reverse=True)[:k]
            result[i, j] = (
                2 * cosines[i][j]
                - sum(nearest_targets) / len(nearest_targets)
                - sum(nearest_sources) / len(nearest_sources)
            )
    return result


@pytest.mark.parametrize("k", [1, 3, 10])
def test_csls_equals_loops(k):
    generator = np.random.default_rng(0)
    sources = generator.normal(size=(7, 4))
    targets = generator.normal(size=(12, 4))
    expected = csls_by_loops(sources, targets, k)
    np.testing.assert_allclose(csls(sources, targets, k), expected, atol=1e-6)
    default = csls_by_loops(sources, targets, 10)
    np.testing.assert_allclose(csls(sources, targets), default, atol=1e-6)


def test_procrustes_equals_scipy():
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(2, 30, 5))
    expected, _ = scipy.linalg.orthogonal_procrustes(*vectors)
    np.testing.assert_allclose(procrustes(*vectors), expected, atol=1e-9)
    # Of different sizes: every column stays of length one.
    narrow = procrustes(vectors[0], vectors[1][:, :3])
    np.testing.assert_allclose(narrow.T @ narrow, np.eye(3), atol=1e-9)


def test_a_rotated_language_needs_procrustes():
    english = Vectors(6)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))[0]
    pairs = [(f"en{i}", f"fr{i}") for i in range(60)]

    def embed(words):
        plain = english([word.replace("fr", "en") for word in words])
        is_french = np.array([word.startswith("fr") for word in words])
        return np.where(is_french[:, None], plain @ rotation, plain)

    task = LexiconTask(
        name="en-fr", pairs=pairs[:20], training_pairs=pairs[20:]
    )
    scores = values(task.score(embed))
    assert list(scores)[0] == ("Procrustes", "accuracy@1")
    assert scores["Procrustes", "accuracy@1"] == 1
    assert scores["Procrustes", "mean reciprocal rank"] == 1
    assert scores["no mapping", "accuracy@1"] < 0.5
    # Words of the training pairs are candidates too.
    assert scores["no mapping", "accuracy@5"] < 0.6
    two_models = task.score(embed, lambda words: embed(words)[:, ::-1])
    assert values(two_models)["Procrustes", "accuracy@1"] == 1


def test_two_models_of_different_sizes():
    task = LexiconTask(
        name="x", pairs=[("a", "b")], training_pairs=[("c", "d")]
    )
    results = task.score(Vectors(4), Vectors(3))
    assert {result.subset for result in results} == {"Procrustes"}
    untrained = LexiconTask(name="x", pairs=[("a", "b")])
    with pytest.raises(ValueError, match="Received: 4 and 3"):
        untrained.score(Vectors(4), Vectors(3))


def test_one_of_several_translations_is_enough():
    where = {"a": 0, "near": 10, "far": 50, "other": 20}

    def embed(words):
        radians = np.deg2rad([where[word] for word in words])
        return np.stack([np.cos(radians), np.sin(radians)], axis=1)

    task = LexiconTask(
        name="x",
        pairs=[("a", "far"), ("a", "near")],
        training_pairs=[("a", "other")],
    )
    results = task.score(embed)
    assert results[0].num_items == 1
    assert values(results)["no mapping", "accuracy@1"] == 1


# === Entity linking ===


def linking_task(names, ids, entries):
    return LinkingTask(
        name="link",
        names=names,
        concept_ids=ids,
        dictionary_names=list(entries),
        dictionary_ids=list(entries.values()),
    )


DICTIONARY = {
    "0": "D0",
    "10": "D1",
    "20": "D2|D9",
    "30": "D3",
    "40": "D4",
    "50": "D5",
    "60": "D6",
    "61": "D6",
}


def angles(texts):
    radians = np.deg2rad([float(text) for text in texts])
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


@pytest.mark.parametrize(
    "name, concept_id, first, fifth",
    [
        ("1", "D0", 1, 1),
        ("1", "D1", 0, 1),
        ("1", "D6", 0, 0),
        ("62", "D6", 1, 1),
        ("21", "D9", 1, 1),
        ("21", "D2+D8", 1, 1),
        ("21", "D1|D2", 1, 1),
        ("1", "no such id", 0, 0),
        ("1|31", "D0|D3", 1, 1),
        ("1|31", "D0|D2", 0, 1),
        ("1|31", "D6", 0, 0),  # within five of 31, not of 1
    ],
)
def test_linking(name, concept_id, first, fifth):
    task = linking_task([name], [concept_id], DICTIONARY)
    scores = [result.score.value for result in task.score(angles)]
    assert scores == [first, fifth]


def test_linking_means_over_names(monkeypatch):
    from keras_mirror.evaluation.tasks import linking

    monkeypatch.setattr(linking, "NAMES_AT_ONCE", 2)
    task = linking_task(
        ["1", "1|31", "41", "5"], ["D0", "D0|D2", "D4", "D6"], DICTIONARY
    )
    assert [r.score.value for r in task.score(angles)] == [2 / 4, 3 / 4]
    assert [r.metric for r in task.score(angles)] == [
        "accuracy@1",
        "accuracy@5",
    ]
    assert set(task.texts()) == {"1", "31", "41", "5", *DICTIONARY}


def test_plus_and_bar_in_names():
    task = linking_task(["Ca2+", "|"], ["D1", "D2"], {"Ca2+": "D1", "|": "D2"})
    assert {"Ca2+", "|"} <= set(task.texts())
    assert task.score(Vectors())[0].score.value == 1


def test_invalid_linking_tasks():
    with pytest.raises(ValueError, match="'concept_ids': 2"):
        linking_task(["a"], ["D1", "D2"], DICTIONARY)
    with pytest.raises(ValueError, match="'dictionary_names': 0"):
        linking_task(["a"], ["D1"], {})
