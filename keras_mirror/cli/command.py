"""Commands whose options may be followed by one word, by several, or none."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import click


class OpenOption(click.Option):
    """An option that takes the words behind it as long as they fit.

    Args:
        *names: Strings, see `click.Option`.
        word: String, a regular expression of what it takes.
        most: Integer, how many words it takes. Defaults to `None`: any number.
        bare: String, its value where no word fits. Defaults to `None`: one is
            needed.
        **options: See `click.Option`.
    """

    def __init__(
        self,
        *names: Any,
        word: str,
        most: int | None = None,
        bare: str | None = None,
        **options: Any,
    ) -> None:
        if bare is not None:
            options |= {"is_flag": False, "flag_value": bare}
        super().__init__(*names, **options)
        self._word = re.compile(word)
        self._most = most
        self._bare = bare

    def taken(self, words: list[str]) -> list[str]:
        """The words at the beginning of a list that are its values."""
        first = itertools.islice(words, self._most)
        return list(itertools.takewhile(self._word.fullmatch, first))

    def joined(self, name: str, words: list[str]) -> str:
        """The option and its values as one word, which click understands."""
        if words:
            return f"{name}={','.join(words)}"
        return name if self._bare is None else f"{name}={self._bare}"


class Command(click.Command):
    """A command with `OpenOption`s.

    Example:

    >>> seeds = OpenOption(["--seeds"], word="[0-9]+")
    >>> made = Command("make", params=[seeds, click.Argument(["name"])])
    >>> made.make_context("make", ["--seeds", "1", "2", "x"]).params
    {'seeds': '1,2', 'name': 'x'}
    """

    def parse_args(
        self, context: click.Context, arguments: list[str]
    ) -> list[str]:
        return super().parse_args(context, list(self._joined(arguments)))

    def _joined(self, arguments: list[str]) -> Iterator[str]:
        options = {
            name: option
            for option in self.params
            if isinstance(option, OpenOption)
            for name in option.opts
        }
        rest = list(arguments)
        while rest:
            word = rest.pop(0)
            if word == "--":
                yield from [word, *rest]
                return
            if word not in options:
                yield word
                continue
            taken = options[word].taken(rest)
            del rest[: len(taken)]
            yield options[word].joined(word, taken)
