"""Two passages out of each long document, which belong together."""

import re
from collections.abc import Iterable

MIN_WORDS = 40

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+")


def passage_pairs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Splits long documents into a first and a second half.

    At the end of a sentence, the one nearest to the middle that leaves both
    halves forty words. They tell of one subject in different sentences: an
    encoder that understands them finds one by the other.

    That needs long documents. A short text that is found by its own half is
    no evidence: the halves are parts of one sentence, and mirroring trains
    just this skill, so such a score rises or falls independently of meaning.
    Shorter documents are left out, and so are those without spaces between
    words.

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
