from keras_mirror.texts.as_strings import check_string


def usable_pairs(texts, corpus):
    """The texts that can train an encoder, as pairs; counts them and others.

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

    >>> from keras_mirror.texts import Corpus
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


def _as_pair(item, index):
    is_pair = isinstance(item, tuple) and len(item) == 2
    texts = item if is_pair else (item, item)
    for text in texts:
        check_string(text, index)
    return texts[0].strip(), texts[1].strip()
