import hashlib
import heapq
import os
from collections.abc import Iterable

from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import usable_pairs


def sample_strings(
    texts: Iterable[str | tuple[str, str]],
    size: int,
    seed: int | None = None,
    drop_duplicates: bool = True,
) -> Corpus:
    """Draws strings uniformly in one pass, for a corpus larger than memory.

    Every string gets a random number that is a hash of it, and those with the
    smallest numbers stay: all different strings are equally likely, however
    often each appears. In random order, which does not depend on that of
    `texts`. Memory holds `size` strings.

    Reference:
        E. Cohen and H. Kaplan, Summarizing data using bottom-k sketches,
        PODC 2007.

    Args:
        texts: Iterable, see `collect_strings`.
        size: Integer, the number of strings. Fewer are drawn where `texts`
            has no more that are usable.
        seed: Integer. Decides which. Defaults to `None`: others every time.
        drop_duplicates: Boolean. Whether a string counts once only; if not,
            all lines are equally likely. Defaults to `True`.

    Returns:
        A `Corpus`.

    Raises:
        TypeError: An element is neither a string nor two.

    Example:

    >>> texts = (f"text {number % 1000}" for number in range(10_000))
    >>> corpus = sample_strings(texts, size=3, seed=0)
    >>> len(set(corpus.strings)), corpus.num_read
    (3, 10000)
    """
    corpus = Corpus([])
    key = os.urandom(16) if seed is None else str(seed).encode()
    drawn: dict[int, tuple[str, str]] = {}  # the strings by their numbers
    largest: list[int] = []  # a heap of the same numbers, negative
    for pair in usable_pairs(texts, corpus):
        position = None if drop_duplicates else corpus.num_read
        number = _random_number(key, pair, position)
        if number in drawn:
            corpus.num_duplicates += 1
            continue
        if len(drawn) == size:
            corpus.num_unsampled += 1
            if number > -largest[0]:
                continue
            del drawn[-heapq.heappop(largest)]
        drawn[number] = pair
        heapq.heappush(largest, -number)
    corpus.set_pairs([drawn[number] for number in sorted(drawn)])
    return corpus


def _random_number(
    key: bytes, pair: tuple[str, str], position: int | None
) -> int:
    # No usable text holds a NUL byte. 128 bits: no two strings collide.
    content = "\0".join(pair) if position is None else f"\0{position}"
    digest = hashlib.blake2b(content.encode(), digest_size=16, key=key)
    return int.from_bytes(digest.digest(), "big")
