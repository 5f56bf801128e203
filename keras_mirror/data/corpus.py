import dataclasses
import hashlib
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.data.as_strings import check_string


@dataclasses.dataclass
class Corpus:
    """The usable strings of some texts, and what was left out of them.

    Args:
        strings: List of strings, stripped, in their order.
        num_read: Integer, all lines or strings seen.
        num_empty: Integer, of white space only.
        num_binary: Integer, with a NUL byte: not text.
        num_duplicates: Integer, equal to an earlier one and dropped: as
            negatives of each other they would be false.
        num_unsampled: Integer, usable and left out by `sample_strings`.
        partners: List of strings, the other text of every pair, or `None`
            where every string is its own.

    Example:

    >>> from keras_mirror.data import collect_strings
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
        """The texts of view 1, and where they are other ones, of view 2."""
        return [self.strings] + ([self.partners] if self.partners else [])

    def set_pairs(self, pairs: list[tuple[str, str]]) -> None:
        """Takes the usable texts: tuples of two strings, often equal ones."""
        self.strings = [text for text, _ in pairs]
        partners = [partner for _, partner in pairs]
        self.partners = None if partners == self.strings else partners


def collect_strings(
    texts: Iterable[str | tuple[str, str]],
    drop_duplicates: bool = True,
    limit: int | None = None,
) -> Corpus:
    """Keeps the strings that can train an encoder and counts the others.

    Args:
        texts: Iterable of strings, and of tuples of two strings that mean the
            same: pairs.
        drop_duplicates: Boolean. Whether a string, or a pair, counts once
            only. Defaults to `True`.
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
    corpus = Corpus([])
    pairs = []
    seen: set[tuple[str, str]] = set()
    if limit == 0:
        return corpus
    for pair in usable_pairs(texts, corpus):
        if drop_duplicates and pair in seen:
            corpus.num_duplicates += 1
            continue
        seen.add(pair)
        pairs.append(pair)
        if len(pairs) == limit:
            break
    corpus.set_pairs(pairs)
    return corpus


def usable_pairs(
    texts: Iterable[str | tuple[str, str]], corpus: Corpus
) -> Iterator[tuple[str, str]]:
    """The texts that can train an encoder, as pairs; counts all texts.

    Args:
        texts: Iterable of strings, and of tuples of two strings that mean the
            same.
        corpus: A `Corpus`, whose counts of what was read, empty and binary go
            up.

    Yields:
        Tuples of two stripped strings: of a pair, or twice the same.

    Raises:
        TypeError: An element is neither a string nor two.

    Example:

    >>> from keras_mirror.data import Corpus
    >>> list(usable_pairs(["a man ", "", ("a", "b")], Corpus([])))
    [('a man', 'a man'), ('a', 'b')]
    """
    for text in texts:
        pair = _as_pair(text, corpus.num_read)
        corpus.num_read += 1
        if not all(pair):
            corpus.num_empty += 1
        elif any("\0" in text for text in pair):
            corpus.num_binary += 1
        else:
            yield pair


def _as_pair(item, index: int) -> tuple[str, str]:
    is_pair = isinstance(item, tuple) and len(item) == 2
    text, partner = item if is_pair else (item, item)
    check_string(text, index)
    check_string(partner, index)
    return text.strip(), partner.strip()


def corpus_summary(corpus: Corpus) -> dict[str, int | str]:
    """Counts, and a hash that ignores order and duplicates, as training does.

    It is the SHA-256 of the different strings, sorted by code points, each
    with a line feed after it, in UTF-8; a pair is text TAB text. For a file
    with no empty lines and no white space around its lines,
    `LC_ALL=C sort -u FILE | sha256sum` prints the same.

    Args:
        corpus: A `Corpus`.

    Returns:
        A dict of integers, and of the string `"sha256"`.

    Example:

    >>> from keras_mirror.data import collect_strings
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
        "num_read": corpus.num_read,
        "num_empty": corpus.num_empty,
        "num_binary": corpus.num_binary,
        "num_duplicates": corpus.num_duplicates,
        "num_unsampled": corpus.num_unsampled,
        "sha256": digest.hexdigest(),
    }


def _line(text: str, partner: str) -> str:
    return text if text == partner else f"{text}\t{partner}"
