import dataclasses
import itertools
import os
from collections.abc import Iterable

import numpy as np


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
        partners: List of strings, the other text of every pair, or `None`
            where every string is its own.

    Example:

    >>> collect_strings(["a man", " ", "a man"]).num_duplicates
    1
    """

    strings: list
    num_read: int = 0
    num_empty: int = 0
    num_binary: int = 0
    num_duplicates: int = 0
    partners: list | None = None


def collect_strings(texts, drop_duplicates=True, limit=None):
    """Keeps the strings that can train an encoder and counts the others.

    Args:
        texts: Iterable of strings, and of tuples of two strings that mean the
            same: pairs.
        drop_duplicates: Boolean. Whether a string, or a pair, counts once
            only. Defaults to `True`.
        limit: Integer. Stops after so many usable strings. Defaults to
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
    corpus = Corpus([], partners=[])
    seen = set()
    for text in texts:
        if limit is not None and len(corpus.strings) == limit:
            break
        pair = _as_pair(text, corpus.num_read)
        corpus.num_read += 1
        if not all(pair):
            corpus.num_empty += 1
        elif any("\0" in text for text in pair):
            corpus.num_binary += 1
        elif drop_duplicates and pair in seen:
            corpus.num_duplicates += 1
        else:
            seen.add(pair)
            corpus.strings.append(pair[0])
            corpus.partners.append(pair[1])
    if corpus.partners == corpus.strings:
        corpus.partners = None
    return corpus


def read_lines(*paths, errors="strict"):
    """The lines of text files, one by one, without their line ends.

    Only a line feed ends a line, so that line `i` here is line `i` of every
    other tool.

    Args:
        *paths: Paths of UTF-8 files.
        errors: What to do with bytes that are not UTF-8: `"strict"` raises,
            `"replace"` puts U+FFFD in their place. Defaults to `"strict"`.

    Returns:
        An iterator of strings.

    Raises:
        FileNotFoundError: A path is not a file. Raised at once.
        ValueError: A line is not UTF-8 and `errors` is `"strict"`.
    """
    for path in paths:
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"A text file is expected. Received: '{path}', which is "
                f"{'a folder' if os.path.isdir(path) else 'missing'}"
            )
    files = (_lines_of(path, errors) for path in paths)
    return itertools.chain.from_iterable(files)


def split_pairs(lines):
    """Pairs out of the lines that hold a TAB, the other lines as they are.

    Args:
        lines: Iterable of strings.

    Returns:
        An iterator of strings and of tuples of two strings.

    Raises:
        ValueError: A line has more than two columns.

    Example:

    >>> list(split_pairs(["a man\\ta guy", "a woman"]))
    [('a man', 'a guy'), 'a woman']
    """
    for number, line in enumerate(lines, start=1):
        texts = tuple(line.split("\t"))
        if len(texts) > 2:
            raise ValueError(
                "A line of pairs must be one text, or two with a TAB between. "
                f"Received: {len(texts)} columns in line {number}"
            )
        yield texts if len(texts) == 2 else line


def batched(items, size):
    """Lists of `size` items, the last one shorter (Python 3.12 has it).

    Args:
        items: Iterable.
        size: Positive integer.

    Returns:
        An iterator of lists.

    Example:

    >>> list(batched("abc", 2))
    [['a', 'b'], ['c']]
    """
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch


def as_strings(texts):
    """A list of strings from whatever a user calls texts.

    Args:
        texts: A string, or an iterable or array of strings.

    Returns:
        A list of strings; one for a single string.

    Raises:
        TypeError: `texts` or an element of it is nothing of the kind.

    Example:

    >>> as_strings("a man")
    ['a man']
    """
    if isinstance(texts, str):
        return [texts]
    if isinstance(texts, np.ndarray):
        texts = texts.ravel().tolist() if texts.ndim == 1 else [texts]
    if not isinstance(texts, Iterable) or isinstance(texts, (bytes, dict)):
        raise TypeError(
            "Texts must be a string or a list of strings. "
            f"Received: {texts!r} of type {type(texts).__name__}"
        )
    texts = list(texts)
    for index, text in enumerate(texts):
        check_string(text, index)
    return texts


def check_string(text, index):
    """Raises an error unless `text`, the element `index`, is a string."""
    if not isinstance(text, str):
        raise TypeError(
            "Texts must be strings. "
            f"Received: {text!r} of type {type(text).__name__} at index {index}"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            "Texts must be valid Unicode. Received: a lone surrogate at "
            f"character {error.start} of the text at index {index}"
        ) from error


def _as_pair(item, index):
    """Two stripped texts: of a pair, or twice the same."""
    is_pair = isinstance(item, tuple) and len(item) == 2
    texts = item if is_pair else (item, item)
    for text in texts:
        check_string(text, index)
    return texts[0].strip(), texts[1].strip()


def _lines_of(path, errors):
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            try:
                yield line.decode("utf-8", errors=errors)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}, line {number} is not UTF-8: {error.reason} at "
                    f"byte {error.start}. Convert the file; `train` and "
                    "`encode` can go on with U+FFFD (`--errors replace`)"
                ) from error
