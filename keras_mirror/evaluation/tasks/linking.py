import dataclasses
import re
from collections.abc import Callable

import numpy as np

from keras_mirror.evaluation import ranking
from keras_mirror.evaluation.cosines import cosine_blocks
from keras_mirror.evaluation.cosines import unit_rows
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import check_same_lengths

_ID_SEPARATOR = re.compile(r"[|+]")
NAMES_AT_ONCE = 256


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinkingTask(Task):
    """Entity linking: finding the concept of a name in a dictionary of names.

    Composite ids count as in the literature: `"D1|D2"` or `"D1+D2"` is correct
    if one of its ids is one of the entry's. A composite name, `"breast
    cancer|ovarian cancer"`, is correct if every part is.

    Reference:
        - [Sung et al., 2020](https://arxiv.org/abs/2005.00239), "BioSyn"
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), table 2

    Args:
        names: List of strings.
        concept_ids: List of strings, the id of each name's concept.
        dictionary_names: List of strings.
        dictionary_ids: List of strings, the id of each entry's concept.

    Raises:
        ValueError: The number of ids differs from that of names or entries, or
            is 0.

    Example:

    >>> task = LinkingTask(
    ...     name="men",
    ...     names=["a man"],
    ...     concept_ids=["D1"],
    ...     dictionary_names=["a man", "a woman"],
    ...     dictionary_ids=["D1", "D2"],
    ... )
    >>> task.score(model.encode_text)[0].score.value
    1.0
    """

    kind: str = "entity linking"
    names: list[str]
    concept_ids: list[str]
    dictionary_names: list[str]
    dictionary_ids: list[str]

    def __post_init__(self) -> None:
        check_same_lengths(names=self.names, concept_ids=self.concept_ids)
        check_same_lengths(
            dictionary_names=self.dictionary_names,
            dictionary_ids=self.dictionary_ids,
        )

    def num_items(self) -> int:
        return len(self.names)

    def texts(self) -> list[str]:
        parts = [part for name in self.names for part in _parts(name)]
        return [*parts, *self.dictionary_names]

    def score(self, embed: Callable) -> list[Result]:
        places = self._places(embed)
        columns = ranking.hits(places)
        return [
            self.result(Mean(columns[metric]), metric, len(places))
            for metric in ("accuracy@1", "accuracy@5")
        ]

    def _places(self, embed: Callable) -> list:
        """The place of each name's concept; of a composite, the worst one."""
        parts = [
            (query, part)
            for query, name in enumerate(self.names)
            for part in _parts(name)
        ]
        entries = _entries_by_id(self.dictionary_ids)
        dictionary = unit_rows(embed(self.dictionary_names))
        embeddings = unit_rows(embed([part for _, part in parts]))
        worst = np.zeros(len(self.names))
        for start, cosines in cosine_blocks(
            embeddings, dictionary, NAMES_AT_ONCE
        ):
            for row, (query, _) in zip(cosines, parts[start:], strict=False):
                ids = _ID_SEPARATOR.split(self.concept_ids[query])
                right = {e: 1.0 for i in ids for e in entries.get(i, ())}
                place = np.inf
                if right:
                    place = ranking.relevant_ranks(row, right)[0][0]
                worst[query] = max(worst[query], place)
        return list(worst[:, None])


def _parts(name: str) -> list[str]:
    # Unlike ids, names are not split at "+": "Ca2+" has one.
    parts = [part.strip() for part in name.split("|")]
    return [part for part in parts if part] or [name]


def _entries_by_id(ids: list[str]) -> dict[str, list[int]]:
    entries: dict[str, list[int]] = {}
    for entry, composite in enumerate(ids):
        for one in _ID_SEPARATOR.split(composite):
            entries.setdefault(one, []).append(entry)
    return entries
