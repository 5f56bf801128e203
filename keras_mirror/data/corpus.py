import dataclasses
import hashlib
import heapq
import itertools
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.arguments import check_integer
from keras_mirror.arguments import chosen_seed
from keras_mirror.data.as_strings import check_string

Pair = tuple[str, str]
Text = str | Pair


@dataclasses.dataclass
class Corpus:
    """The usable strings of some texts, and what was left out of them.

    Args:
        strings: List of strings, stripped, in their order.
        num_read: Integer, all lines or strings seen.
        num_empty: Integer, of white space only.
        num_binary: Integer, with a NUL byte: not text.
        num_duplicates: Integer, equal to an earlier one and dropped, since they
            would be false negatives of each other.
        num_unsampled: Integer, usable but not drawn by `sample_strings`.
        partners: List of strings, the other text of every pair, or `None`
            where every string is its own.

    Example:

    >>> collect_strings(["a man", " ", "a man"]).num_duplicates
    1
    """

    strings: list[str]
    num_read: int = 0
    num_empty: int = 0
    num_binary: int = 0
    num_duplicates: int = 0
    num_unsampled: int = 0
    partners: list[str] | None = None

    @property
    def sides(self) -> list[list[str]]:
        """The texts of view 1 and, if they differ, of view 2."""
        return [self.strings] + ([self.partners] if self.partners else [])

    @property
    def different_texts(self) -> list[str]:
        """The different texts of all sides."""
        return list(dict.fromkeys(itertools.chain(*self.sides)))

    def set_pairs(self, pairs: list[Pair]) -> None:
        """Stores usable texts: tuples of two strings, which may be equal."""
        self.strings = [text for text, _ in pairs]
        partners = [partner for _, partner in pairs]
        self.partners = None if partners == self.strings else partners


def collect_strings(
    texts: Iterable[Text],
    drop_duplicates: bool = True,
    limit: int | None = None,
) -> Corpus:
    """Keeps the strings that can train an encoder and counts the others.

    Args:
        texts: Iterable of strings, and of tuples of two strings that mean the
            same: pairs.
        drop_duplicates: Boolean. Whether to keep only the first of equal
            strings or pairs. Defaults to `True`.
        limit: Integer. Stops after this many usable strings. Defaults to
            `None`: no limit.

    Returns:
        A `Corpus`.

    Raises:
        TypeError: An element is neither a string nor two.

    Example:

    >>> collect_strings(["a man ", "a woman"]).strings
    ['a man', 'a woman']
    >>> collect_strings([("a man", "a guy"), "a woman"]).partners
    ['a guy', 'a woman']
    """
    if limit is not None:
        limit = check_integer("limit", limit, smallest=0)
    corpus = Corpus([])
    pairs = []
    seen: set[Pair] = set()
    if limit == 0:
        return corpus
    for pair in _usable_pairs(texts, corpus):
        if drop_duplicates and pair in seen:
            corpus.num_duplicates += 1
            continue
        seen.add(pair)
        pairs.append(pair)
        if len(pairs) == limit:
            break
    corpus.set_pairs(pairs)
    return corpus


def sample_strings(
    texts: Iterable[Text],
    size: int,
    seed: int | None = None,
    drop_duplicates: bool = True,
) -> Corpus:
    """Draws strings uniformly in one pass, for a corpus larger than memory.

    Every string gets a random number, a hash of it, and the strings with the
    smallest numbers are kept: all different strings are equally likely, however
    often each appears. They come in random order, which does not depend on the
    order of `texts`. Memory holds `size` strings.

    Reference:
        E. Cohen and H. Kaplan, Summarizing data using bottom-k sketches,
        PODC 2007.

    Args:
        texts: Iterable, see `collect_strings`.
        size: Integer, the number of strings. Fewer are drawn where `texts`
            has no more that are usable.
        seed: Integer. Decides which strings are drawn. Defaults to `None`:
            different ones in every call.
        drop_duplicates: Boolean. Whether equal strings count as one; if not,
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
    size = check_integer("size", size)
    corpus = Corpus([])
    key = str(chosen_seed(seed)).encode()
    drawn: dict[int, Pair] = {}  # the strings by their numbers
    largest: list[int] = []  # a heap of the same numbers, negative
    for pair in _usable_pairs(texts, corpus):
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


def corpus_summary(corpus: Corpus) -> dict[str, int | str]:
    """Counts, and a hash that ignores order and duplicates.

    The hash is the SHA-256 of the different strings in UTF-8, sorted by code
    points, each followed by a line feed; a pair is text TAB text. For a file
    with no empty lines and no white space around its lines, `LC_ALL=C sort -u
    FILE | sha256sum` prints the same.

    Args:
        corpus: A `Corpus`.

    Returns:
        A dict of integers, and of the string `"sha256"`.

    Example:

    >>> summary = corpus_summary(collect_strings(["b", "a", "", "b"]))
    >>> summary["num_strings"], summary["num_read"], summary["num_empty"]
    (2, 4, 1)
    >>> summary["sha256"]  # printf 'a\\nb\\n' | sha256sum
    '911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2'
    """
    lines = corpus.strings
    if corpus.partners:
        lines = list(map(_line, corpus.strings, corpus.partners))
    digest = hashlib.sha256()
    for line in sorted(set(lines)):
        digest.update(f"{line}\n".encode(errors="surrogatepass"))
    return {
        "num_strings": len(corpus.strings),
        "num_pairs": sum(map(str.__ne__, lines, corpus.strings)),
        **{name: n for name, n in vars(corpus).items() if name[:4] == "num_"},
        "sha256": digest.hexdigest(),
    }


def _usable_pairs(texts: Iterable[Text], corpus: Corpus) -> Iterator[Pair]:
    """Yields stripped pairs; a text that is no pair is its own partner."""
    for text in texts:
        pair = _as_pair(text, corpus.num_read)
        corpus.num_read += 1
        if not all(pair):
            corpus.num_empty += 1
        elif any("\0" in text for text in pair):
            corpus.num_binary += 1
        else:
            yield pair


def _as_pair(item, index: int) -> Pair:
    is_pair = isinstance(item, tuple) and len(item) == 2
    text, partner = item if is_pair else (item, item)
    check_string(text, index)
    check_string(partner, index)
    return text.strip(), partner.strip()


def _random_number(key: bytes, pair: Pair, position: int | None) -> int:
    # No usable text holds a NUL byte. 128 bits: no two strings collide.
    content = "\0".join(pair) if position is None else f"\0{position}"
    digest = hashlib.blake2b(content.encode(), digest_size=16, key=key)
    return int.from_bytes(digest.digest(), "big")


def _line(text: str, partner: str) -> str:
    return text if text == partner else f"{text}\t{partner}"
