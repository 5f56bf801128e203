from collections.abc import Iterable
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from keras_mirror.arguments import check_column
from keras_mirror.arguments import is_missing
from keras_mirror.data import as_strings
from keras_mirror.data.as_strings import items_of
from keras_mirror.evaluation import PairTask
from keras_mirror.evaluation.task import Task
from keras_mirror.evidence.agreement import agreement_task
from keras_mirror.evidence.general import general_task
from keras_mirror.evidence.labels import FewLabelsTask
from keras_mirror.evidence.passages import passage_pairs

MIN_PAIRS = 10
MAX_PAIRS = 2000
MAX_DISTRACTORS = 10_000
MIN_LABELED = 20
MAX_LABELED = 10_000
MIN_DOCUMENTS = 50

Item = TypeVar("Item")
Pairs = Iterable[tuple[str, str]]


def gather_evidence(
    texts: Iterable[str],
    *,
    columns: Pairs | None = None,
    pairs: Pairs | None = None,
    labels: Sequence[str | None] | None = None,
    second_encoder=None,
    general: bool = True,
    seed: int = 0,
    batch_size: int | None = None,
) -> list[Task]:
    """Makes tasks that show which encoder is better on your texts.

    Score them with `keras_mirror.evaluation.evaluate`: its differences have
    paired 95% intervals. Do not train on this evidence.

    Args:
        texts: List of strings, the corpus.
        columns: List of tuples of two strings that belong together since they
            come from one row, such as title and body. The first must find the
            second among those of all rows. Defaults to `None`.
        pairs: List of tuples of two strings that are known to belong together.
            The first must find the second among all texts. Defaults to `None`.
        labels: List of strings or numbers, one for each text; `None`, NaN or
            `""` if it is unknown. Fifty are enough to be useful. Defaults to
            `None`.
        second_encoder: A `MirrorModel` that you trust. Defaults to `None`.
        general: Boolean. Whether the general probe is added, see
            `general_task`. Defaults to `True`.
        seed: Integer. Decides which items are drawn if there are more than
            needed. Defaults to `0`.
        batch_size: Integer, for the second encoder, see
            `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        A list of `Task`. If fifty texts are long documents, it includes a task
        of their passages, see `passage_pairs`.

    Raises:
        TypeError: A text or a part of a pair is not a string.
        ValueError: There are too few pairs or labels, or all labels are the
            same.

    Example:

    >>> texts = [f"{number} dogs run" for number in range(20)]
    >>> labels = ["odd" if number % 2 else "even" for number in range(20)]
    >>> tasks = gather_evidence(texts, labels=labels)
    >>> [task.name for task in tasks]
    ['labels', 'general probe']
    """
    texts = as_strings(texts)
    tasks: list[Task] = []
    if columns is not None:
        tasks.append(_columns_task(columns, seed))
    if pairs is not None:
        known = _usable_pairs(pairs, "pairs")
        tasks.append(_pair_task("known pairs", known, texts, seed))
    if labels is not None:
        tasks.append(_label_task(texts, labels, seed))
    passages = passage_pairs(texts)
    if len(passages) >= MIN_DOCUMENTS:
        others = [second for _, second in passages]
        tasks.append(_pair_task("passages", passages, others, seed))
    if second_encoder is not None:
        tasks.append(agreement_task(texts, second_encoder, seed, batch_size))
    if general:
        tasks.append(general_task())
    return tasks


def _columns_task(columns: Pairs, seed: int) -> PairTask:
    rows = _usable_pairs(columns, "columns")
    others = [second for _, second in rows]
    return _pair_task("columns", rows, others, seed)


def _usable_pairs(pairs: Pairs, name: str) -> list[tuple[str, str]]:
    """The different pairs of two different texts, neither of them empty."""
    pairs = [_as_pair(pair, name) for pair in pairs]
    as_strings([text for pair in pairs for text in pair])
    usable = [
        pair
        for pair in dict.fromkeys(pairs)
        if all(map(str.strip, pair)) and len(set(pair)) == 2
    ]
    if len(usable) < MIN_PAIRS:
        raise ValueError(
            f"`{name}` must have at least {MIN_PAIRS} different pairs of two "
            f"different texts. Received: {len(usable)} in {len(pairs)} pairs. "
            "Fewer show nothing"
        )
    return usable


def _as_pair(pair, name: str) -> tuple[str, str]:
    if isinstance(pair, str) or len(pair) != 2:
        raise TypeError(
            f"`{name}` must be tuples of two strings; for two columns of a "
            f'table give `zip(table["a"], table["b"])`. Received: {pair!r}'
        )
    return tuple(pair)


def _pair_task(
    name: str, pairs: list[tuple[str, str]], others: list[str], seed: int
) -> PairTask:
    """A task whose kind is its name, as averages over evidence say nothing."""
    drawn = _draw(pairs, MAX_PAIRS, seed)
    taken = {second for _, second in drawn}
    distractors = [
        text
        for text in dict.fromkeys(others)
        if text.strip() and text not in taken
    ]
    return PairTask(
        name=name,
        kind=name,
        pairs=drawn,
        distractors=_draw(distractors, MAX_DISTRACTORS, seed),
    )


def _label_task(
    texts: list[str], labels: Sequence[str | None], seed: int
) -> FewLabelsTask:
    check_column(labels)
    labels = list(items_of(labels))
    if len(labels) != len(texts):
        raise ValueError(
            "`labels` must have one element for each text, `None` if it is "
            f"unknown. Received: {len(labels)} labels, {len(texts)} texts"
        )
    labeled: dict[str, str] = {}
    for text, label in zip(texts, labels, strict=True):
        name = "" if is_missing(label) else str(label)
        if name.strip() and text.strip():
            labeled.setdefault(text, name)
    if len(labeled) < MIN_LABELED:
        raise ValueError(
            f"`labels` must be given for at least {MIN_LABELED} different "
            f"texts; fifty are useful. Received: {len(labeled)}"
        )
    drawn = _draw(list(labeled), MAX_LABELED, seed)
    return FewLabelsTask(
        name="labels",
        labeled_texts=drawn,
        labels=[labeled[text] for text in drawn],
        seed=seed,
    )


def _draw(items: list[Item], number: int, seed: int) -> list[Item]:
    """At most `number` of the items, in their order."""
    if len(items) <= number:
        return items
    generator = np.random.default_rng(seed)
    places = np.sort(generator.permutation(len(items))[:number])
    return [items[place] for place in places]
