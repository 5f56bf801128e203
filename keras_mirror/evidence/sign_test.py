"""Counts of choices between two encoders, and an exact sign test."""

import dataclasses
import math
from collections.abc import Iterable

SIGNIFICANCE = 0.05
MIN_CHOICES = 6  # even five of five have a p-value of 1/16


@dataclasses.dataclass(frozen=True)
class Judgments:
    """How often each of two encoders was chosen.

    Args:
        names: Tuple of two strings.
        first: Integer, how often the first was chosen.
        second: Integer, how often the second was.
        ties: Integer, how often neither was.

    Example:

    >>> Judgments(("A", "B"), first=14, second=4, ties=2).sentence()
    'A was chosen 14 times, B 4 times, 2 ties: A is better (p = 0.031)'
    """

    names: tuple[str, str]
    first: int
    second: int
    ties: int

    @classmethod
    def count(cls, names: tuple[str, str], leads: Iterable[int]) -> "Judgments":
        """Counts numbers: above 0 for the first, below 0 for the second."""
        leads = list(leads)
        first = sum(lead > 0 for lead in leads)
        second = sum(lead < 0 for lead in leads)
        return cls(names, first, second, len(leads) - first - second)

    @property
    def p_value(self) -> float:
        """The probability of counts this unequal if both are equally good."""
        return sign_test(self.first, self.second)

    @property
    def better(self) -> str | None:
        """The name of the better encoder, or `None` if none was shown."""
        if self.p_value >= SIGNIFICANCE:
            return None
        return self.names[0 if self.first > self.second else 1]

    def sentence(self) -> str:
        """Says in one sentence what was chosen and what that shows."""
        counts = (
            f"{self.names[0]} was chosen {_count(self.first, 'time')}, "
            f"{self.names[1]} {_count(self.second, 'time')}, "
            f"{_count(self.ties, 'tie')}"
        )
        return f"{counts}: {self._finding()}"

    def _finding(self) -> str:
        if self.first + self.second < MIN_CHOICES:
            return (
                "no difference was shown, and fewer than "
                f"{MIN_CHOICES} choices cannot show one"
            )
        p_value = self.p_value
        shown = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
        if self.better is None:
            return f"no difference was shown ({shown})"
        return f"{self.better} is better ({shown})"


def sign_test(first: int, second: int) -> float:
    """The probability of choices this unequal if each is a coin toss.

    It is the exact two-sided sign test; ties are left out.

    Args:
        first: Integer, how often the first of two was chosen.
        second: Integer, how often the second was.

    Returns:
        A float, the p-value.

    Example:

    >>> sign_test(5, 0), sign_test(6, 0)
    (0.0625, 0.03125)
    """
    number = first + second
    fewer = min(first, second)
    tail = sum(math.comb(number, count) for count in range(fewer + 1))
    return min(1.0, tail / 2 ** (number - 1)) if number else 1.0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
