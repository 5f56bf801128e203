import numpy as np
import pytest
from support.texts import texts

from keras_mirror.evidence import gather
from keras_mirror.evidence import gather_evidence

TEXTS = texts(60)
PAIRS = list(zip(TEXTS[:20], TEXTS[20:40], strict=True))
LABELS = ["a", "b", "c"] * 20


def names(tasks):
    return [task.name for task in tasks]


def test_without_anything_there_is_the_general_probe():
    assert names(gather_evidence(TEXTS)) == ["general probe"]
    assert gather_evidence(TEXTS, general=False) == []


def test_all_that_is_given_is_used(model):
    tasks = gather_evidence(
        TEXTS,
        columns=PAIRS[:12],
        pairs=PAIRS,
        labels=LABELS,
        second_encoder=model,
    )
    assert names(tasks) == [
        "columns",
        "known pairs",
        "labels",
        "agreement with the second encoder",
        "general probe",
    ]
    # A mean over tasks of different kinds would say nothing.
    assert len({task.kind for task in tasks}) == len(tasks)


def test_long_documents_are_split():
    documents = [
        f"{'first ' * 40}{number}. {'second ' * 40}{number}."
        for number in range(51)
    ]
    (task,) = gather_evidence(documents, general=False)
    assert task.name == "passages"
    assert task.num_items() == 51
    assert gather_evidence(documents[:49] + TEXTS, general=False) == []


def test_known_pairs_look_through_the_corpus():
    pairs = [*PAIRS, PAIRS[0], ("", "x"), ("x", " "), ("x", "x")]
    (task,) = gather_evidence([*TEXTS, " "], pairs=pairs, general=False)
    assert task.pairs == PAIRS
    assert set(task.distractors) == {*TEXTS[:20], *TEXTS[40:]}


def test_rows_of_columns_look_through_each_other(monkeypatch):
    monkeypatch.setattr(gather, "MAX_PAIRS", 5)
    monkeypatch.setattr(gather, "MAX_DISTRACTORS", 9)
    (task,) = gather_evidence([], columns=PAIRS, general=False)
    assert set(task.pairs) < set(PAIRS) and len(task.pairs) == 5
    others = {second for _, second in set(PAIRS) - set(task.pairs)}
    assert set(task.distractors) < others and len(task.distractors) == 9
    (other,) = gather_evidence([], columns=PAIRS, general=False, seed=1)
    assert task.pairs != other.pairs


def test_texts_without_a_label_do_not_count(monkeypatch):
    labels = [*LABELS[:25], *[None, ""] * 17, "b"]
    (task,) = gather_evidence(
        [*TEXTS[:25], *TEXTS[25:59], TEXTS[0]], labels=labels, general=False
    )
    assert (task.labeled_texts, task.labels) == (TEXTS[:25], LABELS[:25])
    monkeypatch.setattr(gather, "MAX_LABELED", 22)
    (task,) = gather_evidence(TEXTS, labels=LABELS, general=False)
    assert task.num_items() == 22
    assert all(
        LABELS[TEXTS.index(text)] == label
        for text, label in zip(task.labeled_texts, task.labels, strict=True)
    )


@pytest.mark.parametrize("unknown", [None, "", " ", float("nan"), np.nan])
def test_labels_that_are_numbers(unknown):
    """Zero is one of them."""
    labels = [unknown if n < 20 else n % 2 for n in range(60)]
    (task,) = gather_evidence(TEXTS, labels=labels, general=False)
    assert task.labels == ["0", "1"] * 20
    assert task.labeled_texts == TEXTS[20:]


def test_labels_of_a_column():
    pandas = pytest.importorskip("pandas", reason="a column of pandas")
    labels = pandas.Series([None] * 20 + ["a", "b"] * 20, dtype="string")
    (task,) = gather_evidence(TEXTS, labels=labels, general=False)
    assert task.labels == ["a", "b"] * 20
    table = pandas.DataFrame(PAIRS, columns=["a", "b"])
    with pytest.raises(
        TypeError, match="`pairs` must be tuples of two strings"
    ):
        gather_evidence(TEXTS, pairs=table)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"pairs": PAIRS[:9]}, "`pairs` must .* 10 .*Received: 9 in 9 pairs"),
        (
            {"columns": [*PAIRS[:9], *PAIRS[:9]]},
            "`columns` must .* 10 .*Received: 9 in 18 pairs",
        ),
        ({"labels": LABELS[:-1]}, "Received: 59 labels, 60 texts"),
        ({"labels": [*LABELS[:19], *[None] * 41]}, "20 .* Received: 19"),
        ({"labels": ["a"] * 60}, "two different labels"),
        ({"labels": TEXTS}, "one of them of two texts"),
    ],
)
def test_what_can_tell_nothing_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        gather_evidence(TEXTS, **given)


def test_parts_of_pairs_are_strings():
    for pair in ("ab", ("a", "b", "c")):
        with pytest.raises(TypeError, match="`columns` must be tuples of two"):
            gather_evidence(TEXTS, columns=[*PAIRS, pair])
    with pytest.raises(TypeError, match="Received: 7 of type int at index 1"):
        gather_evidence(TEXTS, pairs=[("a", 7)])


def test_the_general_probe_is_pairs_and_look_alikes():
    (task,) = gather_evidence(TEXTS)
    strings = task.texts()
    assert len(set(strings)) == len(strings) == 3 * task.num_items()
