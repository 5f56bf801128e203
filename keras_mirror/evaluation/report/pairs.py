"""Pairs of texts that mean the same, and random pairs."""

import math
from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.tasks import SimilarityTask
from keras_mirror.unit_rows import pairwise_cosines

SEED = 0
TOP_SHARE = 0.2
NUM_EXAMPLES = 4
PAIRS_AT_ONCE = 4096


def similarity_tasks(tasks: Iterable[Task]) -> list[SimilarityTask]:
    """The tasks whose pairs have a score.

    Example:

    >>> similarity_tasks([])
    []
    """
    return [task for task in tasks if isinstance(task, SimilarityTask)]


def positive_pairs(task: SimilarityTask) -> list[tuple[str, str]]:
    """The pairs in the top fifth of a task's scores, without equal texts.

    Example:

    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a", "b", "c", "d", "e"],
    ...     texts_2=["f", "g", "h", "i", "j"],
    ...     scores=[1, 2, 9, 2, 1],
    ... )
    >>> positive_pairs(task)
    [('c', 'h')]
    """
    number = math.ceil(TOP_SHARE * len(task.scores))
    pairs = [_pair(task, row) for row in sorted(_best_first(task)[:number])]
    return [pair for pair in pairs if pair[0] != pair[1]]


def random_pairs(
    texts: Iterable[str], number: int, seed: int = SEED
) -> list[tuple[str, str]]:
    """Pairs of two different texts, each pair as likely as any other.

    Returns:
        A list of pairs of strings; empty if all texts are the same.

    Example:

    >>> random_pairs(["a man", "a man"], 3), len(random_pairs(["a", "b"], 3))
    ([], 3)
    """
    texts = list(dict.fromkeys(texts))
    if len(texts) < 2:
        return []
    generator = np.random.default_rng(seed)
    firsts = generator.integers(len(texts), size=number)
    steps = generator.integers(1, len(texts), size=number)
    seconds = (firsts + steps) % len(texts)
    return [(texts[i], texts[j]) for i, j in zip(firsts, seconds, strict=True)]


def example_texts(
    task: SimilarityTask, num_pairs: int = NUM_EXAMPLES
) -> list[str]:
    """Texts of a few pairs: the best pair of each part of a task's list.

    Args:
        task: A `SimilarityTask`.
        num_pairs: Integer, the number of parts.

    Returns:
        A list of different strings, those of a pair side by side.

    Example:

    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a", "b", "c", "d"],
    ...     texts_2=["f", "g", "h", "i"],
    ...     scores=[1, 2, 9, 2],
    ... )
    >>> example_texts(task, num_pairs=2)
    ['b', 'g', 'c', 'h']
    """
    part_length = math.ceil(len(task.scores) / num_pairs)
    pair_of_part: dict[int, tuple[str, str]] = {}
    for row in _best_first(task):
        part, pair = row // part_length, _pair(task, row)
        used = {text for other in pair_of_part.values() for text in other}
        is_new = pair[0] != pair[1] and not used.intersection(pair)
        if is_new and part not in pair_of_part:
            pair_of_part[part] = pair
    parts = sorted(pair_of_part)
    return [text for part in parts for text in pair_of_part[part]]


def cosines_of_pairs(embed: Callable, pairs: list[tuple[str, str]]):
    """The cosine of each pair, without undefined ones.

    Returns:
        A float64 array of shape `(num_pairs,)`.

    Example:

    >>> cosines_of_pairs(model.encode_text, [("a man", "a man")]).round(6)
    array([1.])
    """
    blocks = [np.empty(0)]
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        block = pairs[start : start + PAIRS_AT_ONCE]
        sides = (list(side) for side in zip(*block, strict=True))
        blocks.append(pairwise_cosines(*map(embed, sides)))
    cosines = np.concatenate(blocks)
    return cosines[np.isfinite(cosines)]


def _best_first(task: SimilarityTask) -> list[int]:
    scores = np.asarray(task.scores, dtype="float64")
    return np.argsort(-scores, kind="stable").tolist()


def _pair(task: SimilarityTask, row: int) -> tuple[str, str]:
    return task.texts_1[row], task.texts_2[row]
