import pytest

from keras_mirror.data import collect_strings
from keras_mirror.data.near_duplicates import count_near_duplicates

CASES = {
    "none": (["a man", "a woman"], 0),
    "punctuation": (["a man", "a man.", "“A man!”"], 2),
    "dashes": (["top-up", "top up", "topup"], 1),
    "case and spaces": (["a man", "A  MAN"], 0),
    "case beside punctuation": (["a man", "A MAN", "a man?", "A man?"], 1),
    "signs that mean something": (["C", "C#", "C++", "5", "5%", "@5"], 0),
    "nothing but punctuation": (["!", "?", "..."], 0),
    "other scripts": (["二匹の犬", "二匹の犬。", "Ещё", "ещё!"], 2),
    "pairs": ([("a", "b"), ("a.", "b!"), ("a", "c")], 1),
}


@pytest.mark.parametrize("name", CASES)
def test_count(name):
    strings, expected = CASES[name]
    assert count_near_duplicates(collect_strings(strings)) == expected
