"""The answers that people give on the page of `keras-mirror judge`."""

import collections
import os
import pathlib
from collections.abc import Iterable
from typing import Any

from keras_mirror.evidence.sign_test import Judgments
from keras_mirror.files import read_json


def count_answers(paths: Iterable[str | os.PathLike[str]]) -> Judgments:
    """Counts the answers of one or several people by query.

    A query that several people judged counts once, for the encoder that more of
    them chose: the sign test needs independent choices, and choices about the
    same two lists are not independent.

    Args:
        paths: Paths of the JSON files that the page gives, at least one.

    Returns:
        `Judgments`, of queries.

    Raises:
        ValueError: A file holds something else, or answers about other encoders
            than the first file.

    Example:

    >>> import json, os, tempfile
    >>> answers = {"names": ["A", "B"], "choices": [["a man", "B"]]}
    >>> path = os.path.join(tempfile.mkdtemp(), "answers.json")
    >>> with open(path, "w") as file:
    ...     json.dump(answers, file)
    >>> count_answers([path])
    Judgments(names=('A', 'B'), first=0, second=1, ties=0)
    """
    names: list[str] = []
    leads: collections.Counter[str] = collections.Counter()
    for path in map(pathlib.Path, paths):
        content = read_json(path)
        _check(content, path)
        names = names or content["names"]
        if content["names"] != names:
            raise ValueError(
                "All answers must be about the same two encoders, "
                f"{' and '.join(names)}. Received: {path}, about "
                f"{' and '.join(content['names'])}"
            )
        for query, chosen in content["choices"]:
            leads[query] += (chosen == names[0]) - (chosen == names[1])
    first, second = names
    return Judgments.count((first, second), leads.values())


def _check(content: dict, path: pathlib.Path) -> None:
    names, choices = content.get("names"), content.get("choices")
    if not (
        _is_pair(names)
        and isinstance(choices, list)
        and all(_is_choice(choice, names) for choice in choices)
    ):
        raise ValueError(
            f"{path} must hold the answers from a page of `keras-mirror judge "
            '--html`, {"names": [A, B], "choices": [[QUERY, A or B or null]]}. '
            f"Received: {str(content)[:80]}"
        )


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_choice(choice: Any, names: Any) -> bool:
    return (
        _is_pair(choice)
        and isinstance(choice[0], str)
        and choice[1] in (*names, None)
    )
