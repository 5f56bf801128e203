"""Pairs of passages, both from the same long document."""

import re
from collections.abc import Iterable

MIN_WORDS = 40

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+")


def passage_pairs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Splits long documents into a first and a second half.

    It splits at the end of the sentence nearest to the middle that leaves forty
    words in both halves. The halves are about one subject in different
    sentences, so a good encoder finds one by the other.

    This needs long documents. Halves of a short text are parts of one sentence,
    and mirroring trains exactly the skill to match these, so such a score would
    not depend on meaning. Shorter documents are left out, and so are those
    without spaces between words.

    Args:
        texts: Iterable of strings.

    Returns:
        A list of tuples of two strings, one for each document that is long
        enough.

    Example:

    >>> document = "One of the halves. " * 10 + "Then comes the other. " * 10
    >>> [(first, second)] = passage_pairs([document, "a man"])
    >>> first[-6:], second[:4]
    ('alves.', 'Then')
    """
    pairs = map(_halves, dict.fromkeys(texts))
    return [pair for pair in pairs if pair is not None]


def _halves(text: str) -> tuple[str, str] | None:
    num_words = len(text.split())
    splits = []
    for end in _END_OF_SENTENCE.finditer(text):
        first = len(text[: end.start()].split())
        if MIN_WORDS <= first <= num_words - MIN_WORDS:
            splits.append((abs(2 * first - num_words), end.end()))
    if not splits:
        return None
    place = min(splits)[1]
    return text[:place].strip(), text[place:].strip()
