import json
import re

import pytest

from keras_mirror.evidence.judge_answers import count_answers
from keras_mirror.evidence.sign_test import Judgments


@pytest.fixture
def write(tmp_path):
    def write(name, *choices, names=("A", "B")):
        content = {"names": names, "choices": choices}
        (tmp_path / name).write_text(json.dumps(content), "utf-8")
        return tmp_path / name

    return write


def test_one_person(write):
    path = write("a.json", ["x", "A"], ["y", "B"], ["z", None], ["w", "A"])
    assert count_answers([path]) == Judgments(("A", "B"), 2, 1, 1)


def test_a_search_counts_once_however_many_people_judged_it(write):
    paths = [
        write("a.json", ["x", "A"], ["y", "A"], ["z", "A"]),
        write("b.json", ["x", "A"], ["y", "B"], ["z", "B"]),
        write("c.json", ["x", None], ["z", "B"], ["new", "B"]),
    ]
    assert count_answers(paths) == Judgments(("A", "B"), 1, 2, 1)


def test_answers_about_other_encoders_are_refused(write):
    paths = [write("a.json"), write("b.json", names=("A", "C"))]
    message = (
        "All answers must be about the same two encoders, A and B. "
        f"Received: {paths[1]}, about A and C"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        count_answers(paths)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"names": ["A"], "choices": []},
        {"names": ["A", "B"]},
        {"names": ["A", "B"], "choices": 5},
        {"names": ["A", "B"], "choices": [["x", "C"]]},
        {"names": ["A", "B"], "choices": [[1, "A"]]},
        {"names": ["A", "B"], "choices": ["xA"]},
    ],
)
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content))
    message = (
        f"{path} must hold the answers from a page of `keras-mirror judge "
        '--html`, {"names": [A, B], "choices": [[QUERY, A or B or null]]}. '
        f"Received: {content}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        count_answers([path])
