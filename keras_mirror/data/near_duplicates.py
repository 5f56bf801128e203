from collections.abc import Callable

import numpy as np
import regex

from keras_mirror.data.corpus import Corpus

# Without the characters that tell C# from C, a tag from a word, or 5% from 5.
_PUNCTUATION = regex.compile(r"(?V1)[\p{P}--[#%&@*/\\_]]+")


def count_near_duplicates(corpus: Corpus) -> int:
    """Counts strings that differ from an earlier one in punctuation only.

    Case and spaces are ignored too, but strings that differ only in these are
    not counted: they share `string_ids`, so training does not treat them as
    negatives of each other. The counted ones are false negatives in every batch
    where they meet.

    Args:
        corpus: A `Corpus`.

    Returns:
        An integer. A pair counts if both of its texts match those of another
        pair.

    Example:

    >>> corpus = Corpus(["a man", "A man.", "a MAN.", "a woman"])
    >>> count_near_duplicates(corpus)
    1
    """
    return _count(corpus, _without_case) - _count(corpus, _bare)


def _count(corpus: Corpus, fold: Callable[[str], str]) -> int:
    """The number of different strings; memory holds their hashes only."""
    rows = zip(*(map(fold, side) for side in corpus.sides), strict=True)
    return len(np.unique(np.fromiter(map(hash, rows), "int64")))


def _without_case(text: str) -> str:
    return " ".join(text.lower().split())


def _bare(text: str) -> str:
    # A string of punctuation only is kept as it is.
    folded = _without_case(_PUNCTUATION.sub(" ", text))
    return folded or _without_case(text)
