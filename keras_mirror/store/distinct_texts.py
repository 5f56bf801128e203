from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np


class DistinctTexts:
    """Texts in order, with the same number for equal ones.

    A repeated text keeps its row and gets the number of its first occurrence.
    Texts of white space only have no number.

    Args:
        texts: Iterable of strings. Defaults to none.

    Attributes:
        texts: List of all strings: row `i` is the text of row `i`.
        rows: List of lists of integers, the rows of every different text.

    Example:

    >>> distinct = DistinctTexts(["a man", " ", "a woman", "a man"])
    >>> list(distinct), distinct.rows
    (['a man', 'a woman'], [[0, 3], [2]])
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = []
        self.rows: list[list[int]] = []
        self._numbers: dict[str, int] = {}
        self.extend(texts)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def new(self, texts: Iterable[str]) -> list[str]:
        """Those of `texts` that would get a new number, each once."""
        return [
            text
            for text in dict.fromkeys(texts)
            if text.strip() and text not in self._numbers
        ]

    def extend(self, texts: Iterable[str]) -> None:
        """Appends texts; concurrent readers always find the text of a row."""
        for row, text in enumerate(texts, start=len(self.texts)):
            self.texts.append(text)
            if text.strip():
                number = self._numbers.setdefault(text, len(self.rows))
                if number == len(self.rows):
                    self.rows.append([])
                self.rows[number].append(row)

    def numbered_rows(self) -> tuple:
        """The rows that have a number, and their numbers.

        Returns:
            A tuple of two integer arrays of the same length.
        """
        numbers = np.full(len(self.texts), -1)
        for number, rows in enumerate(self.rows):
            numbers[rows] = number
        numbered = np.flatnonzero(numbers >= 0)
        return numbered, numbers[numbered]
