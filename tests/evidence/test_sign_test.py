import pytest

from keras_mirror.evidence.sign_test import Judgments
from keras_mirror.evidence.sign_test import sign_test


@pytest.mark.parametrize(
    "first, second", [(0, 0), (1, 0), (6, 0), (4, 14), (9, 9), (600, 500)]
)
def test_as_scipy_has_it(first, second):
    stats = pytest.importorskip("scipy.stats")
    total = first + second
    expected = stats.binomtest(first, total).pvalue if total else 1.0
    assert sign_test(first, second) == pytest.approx(expected, rel=1e-9)
    assert sign_test(second, first) == sign_test(first, second)


@pytest.mark.parametrize(
    "counts, sentence",
    [
        (
            (14, 4, 2),
            "A was chosen 14 times, B 4 times, 2 ties: A is better (p = 0.031)",
        ),
        (
            (0, 20, 1),
            "A was chosen 0 times, B 20 times, 1 tie: B is better (p < 0.001)",
        ),
        (
            (1, 5, 0),
            "A was chosen 1 time, B 5 times, 0 ties: no difference was shown "
            "(p = 0.219)",
        ),
        (
            (5, 0, 9),
            "A was chosen 5 times, B 0 times, 9 ties: no difference was shown, "
            "and fewer than 6 choices cannot show one",
        ),
    ],
)
def test_a_sentence_says_what_was_shown(counts, sentence):
    judgments = Judgments(("A", "B"), *counts)
    assert judgments.sentence() == sentence
    assert (judgments.better is None) == ("no difference" in sentence)


def test_six_of_six_are_the_fewest_that_show_a_difference():
    assert Judgments(("A", "B"), 0, 6, 3).better == "B"
    assert Judgments(("A", "B"), 0, 5, 3).better is None


def test_leads_are_counted():
    judgments = Judgments.count(("A", "B"), iter([2, -1, 0, 1, -3, 1]))
    assert judgments == Judgments(("A", "B"), first=3, second=2, ties=1)
