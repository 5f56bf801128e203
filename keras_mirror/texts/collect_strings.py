from keras_mirror.texts.corpus import Corpus
from keras_mirror.texts.usable_pairs import usable_pairs


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
    corpus = Corpus([])
    pairs = []
    seen = set()
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
