"""TF-IDF in the place of an encoder, and sparse rows in all tasks."""

import sys

import numpy as np
import pytest
from support.texts import texts

from keras_mirror.evaluation import EntailmentTask
from keras_mirror.evaluation import LabelTask
from keras_mirror.evaluation import LexiconTask
from keras_mirror.evaluation import LinkingTask
from keras_mirror.evaluation import RetrievalTask
from keras_mirror.evaluation import SimilarityTask
from keras_mirror.evaluation import TfidfBaseline
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.evaluate import as_dict
from keras_mirror.evaluation.tasks.labels import k_means

text_features = pytest.importorskip(
    "sklearn.feature_extraction.text", reason="the extra [search] is missing"
)


def similarity(**options):
    strings = texts(60)
    scores = np.random.default_rng(0).integers(6, size=30).tolist()
    columns = {"texts_1": strings[:30], "texts_2": strings[30:]}
    return SimilarityTask(name="mine", scores=scores, **columns, **options)


def linking():
    names = texts(40, seed=1)
    ids = [f"D{number % 9}" for number in range(40)]
    return LinkingTask(
        name="mine",
        names=[name[2:] for name in names[:20]],
        concept_ids=ids[:20],
        dictionary_names=names,
        dictionary_ids=ids,
    )


TASKS = {
    "sentences": similarity(),
    "words": similarity(kind="word similarity"),
    "linking": linking(),
    "entailment": EntailmentTask(
        name="mine",
        texts_1=texts(20),
        texts_2=texts(20, seed=1),
        labels=[True, False] * 10,
    ),
    "labels": LabelTask(
        name="mine",
        labeled_texts=texts(30),
        labels=["a", "b", "c"] * 10,
        training_texts=texts(20, seed=1),
        training_labels=["a", "b"] * 10,
    ),
    "retrieval": RetrievalTask(
        name="mine",
        queries=texts(10),
        documents=texts(30, seed=1),
        relevance=[{number: 1} for number in range(10)],
        ignored=[-1, 7] * 5,
    ),
}
OF_CHARACTERS = ("words", "linking")


def as_before(task, options):
    """Dense rows out of scikit-learn alone."""
    vectorizer = text_features.TfidfVectorizer(**options)
    vectorizer.fit(list(dict.fromkeys(task.texts())))
    return lambda asked: vectorizer.transform(asked).toarray()


@pytest.mark.parametrize("kind", TASKS)
def test_sparse_rows_score_as_dense_ones(kind):
    task = TASKS[kind]
    options = {}
    if kind in OF_CHARACTERS:
        options = {"analyzer": "char_wb", "ngram_range": (2, 4)}
    found = task.score(TfidfBaseline().fit(task))
    expected = task.score(as_before(task, options))
    # K-means goes another way; `test_clusters_of_topics` is for it.
    rows = [r for r in found if r.metric != "cluster NMI"]
    assert rows and len(found) == len(expected)
    for result in rows:
        (same,) = [other for other in expected if other.metric == result.metric]
        assert result.score.value == pytest.approx(same.score.value, abs=1e-5)
        assert result.num_items == same.num_items


def test_sparse_rows_are_never_made_dense(monkeypatch):
    sparse = pytest.importorskip("scipy.sparse")
    widths = []
    whole = sparse.csr_matrix.toarray

    def toarray(matrix, *arguments, **options):
        widths.append(matrix.shape)
        return whole(matrix, *arguments, **options)

    kinds = {type(TfidfBaseline().fit(t)(t.texts())) for t in TASKS.values()}
    for kind in kinds:
        monkeypatch.setattr(kind, "toarray", toarray)
        monkeypatch.setattr(kind, "todense", None)
    for task in TASKS.values():
        task.score(TfidfBaseline().fit(task))
    # Blocks of cosines only: queries by rows.
    assert set(widths) == {(20, 40), (30, 20), (10, 30)}


def test_clusters_of_topics():
    sparse = pytest.importorskip("scipy.sparse")
    rows = sparse.csr_matrix(np.repeat(np.eye(40, 500), 3, axis=0))
    clusters = k_means(rows, 40)
    assert len(clusters) == 2
    for of_rows in clusters:
        groups = of_rows.reshape(40, 3)
        assert (groups == groups[:, :1]).all()


def test_each_task_is_counted_alone(model):
    alone = TASKS["sentences"].score(TfidfBaseline().fit(TASKS["sentences"]))
    tasks = [TASKS["labels"], TASKS["sentences"]]
    models = {"encoder": model, "tfidf": TfidfBaseline()}
    told = []
    evaluation = evaluate(
        models, tasks, on_progress=lambda name, _: told.append(name)
    )
    (row,) = [row for row in evaluation.rows if row.metric == "Spearman"]
    assert row.scores[1].value == alone[0].score.value
    difference = row.scores[1].value - row.scores[0].value
    assert row.differences[0].value == pytest.approx(difference)
    assert list(evaluation.embeddings) == ["encoder"] and set(told) == {
        "encoder"
    }
    content = as_dict(evaluation)
    assert [each["name"] for each in content["models"]] == list(models)
    assert content["models"][1] == {"name": "tfidf"}


def test_lexicons_are_refused_before_the_work():
    task = LexiconTask(name="en-fr", pairs=[("cat", "chat")])
    with pytest.raises(ValueError, match="lexicons.* Received: en-fr"):
        evaluate({"encoder": None, "tfidf": TfidfBaseline()}, [task])


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(ImportError, match=r"keras-mirror\[search\]"):
        TfidfBaseline()
