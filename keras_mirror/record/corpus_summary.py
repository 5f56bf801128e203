import hashlib


def corpus_summary(corpus):
    """Counts and a hash: what a trained model tells of its corpus.

    The hash knows neither order nor duplicates, for training does not either:
    it is the SHA-256 of the different strings, sorted by code points, each
    with a line feed after it, in UTF-8; a pair is text TAB text. For a file
    with no empty lines and no white space around its lines,
    `LC_ALL=C sort -u FILE | sha256sum` prints the same.

    Args:
        corpus: A `Corpus`.

    Returns:
        A dict of integers, and of the string `"sha256"`.

    Example:

    >>> from keras_mirror.texts import collect_strings
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


def _line(text, partner):
    return text if text == partner else f"{text}\t{partner}"
