import pytest

from keras_mirror.data import pairs_of_next_lines

CASES = {
    "nothing": ([], []),
    "one line": (["a"], ["a"]),
    "a document": (["a", "b", "c"], [("a", "b"), ("b", "c")]),
    "two documents": (
        ["a", "b", "", "c", "d"],
        [("a", "b"), ("c", "d")],
    ),
    "lines alone": (["a", "", "b", " ", "", "c"], ["a", "b", "c"]),
    "white space": (["", " a ", "b\n", "\t"], [("a", "b")]),
}


@pytest.mark.parametrize("name", CASES)
def test_pairs_stay_within_a_document(name):
    lines, expected = CASES[name]
    assert list(pairs_of_next_lines(lines)) == expected
