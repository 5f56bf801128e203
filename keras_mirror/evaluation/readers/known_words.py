import re

# Names that files of word similarity have, without what is not a letter or
# digit, and without the language in front.
_SIMLEX = ("SimLex-999", 999)
_MEN = ("MEN", 3000)
_WORDSIM = ("WordSim-353", 353)
_RARE = ("RareWords", 2034)
KNOWN_WORDS = {
    "simlex999": _SIMLEX,
    "simverb3500": ("SimVerb-3500", 3500),
    "men": _MEN,
    "men3000": _MEN,
    "mentr3k": _MEN,
    "mendatasetnaturalformfull": _MEN,
    "mendatasetlemmaformfull": _MEN,
    "ws353": _WORDSIM,
    "ws353all": _WORDSIM,
    "wordsim353": _WORDSIM,
    "combined": _WORDSIM,
    "rw": _RARE,
    "rwstanford": _RARE,
    "rareword": _RARE,
    "rarewords": _RARE,
    "rg65": ("RG-65", 65),
    "mc30": ("MC-30", 30),
    "yp130": ("YP-130", 130),
    "mturk287": ("MTurk-287", 287),
    "mturk771": ("MTurk-771", 771),
}
# Of files without header that have more columns than two words and a score.
SCORE_COLUMNS = {"SimVerb-3500": 3, "RareWords": 2}


def known_words(path):
    """The word similarity benchmark that a file name stands for.

    Args:
        path: Path.

    Returns:
        A tuple of a name and the published number of pairs, or `None`.

    Example:

    >>> import pathlib
    >>> known_words(pathlib.Path("EN-MEN-TR-3k.txt"))
    ('MEN', 3000)
    >>> known_words(pathlib.Path("EN-WS-353-REL.txt"))
    """
    stem = re.sub(r"^en[-_.]", "", path.stem.lower())
    return KNOWN_WORDS.get(re.sub(r"[\W_]", "", stem))
