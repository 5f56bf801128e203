import pathlib
import re

from keras_mirror.evaluation.readers.benchmark_files import each_file
from keras_mirror.evaluation.readers.layout import find_layout
from keras_mirror.evaluation.readers.scored_table import read_layout
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.tasks import SimilarityTask

# Names of word similarity files, letters and digits only and without the
# language in front, to the benchmark's name and published number of pairs.
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
# The score columns of files without header and with additional columns.
SCORE_COLUMNS = {"SimVerb-3500": 3, "RareWords": 2}

_PART_OF_SPEECH = re.compile("-[nvja]")


def read_word_similarity(path: pathlib.Path) -> list[SimilarityTask]:
    """Reads SimLex-999, SimVerb-3500, MEN, WordSim-353, RareWords, RG-65.

    Reference:
        - [Hill et al., 2015](https://aclanthology.org/J15-4004/), "SimLex"
        - [Gerz et al., 2016](https://aclanthology.org/D16-1235/), "SimVerb"
        - [Bruni et al., 2014](https://doi.org/10.1613/jair.4135), "MEN"
        - [Luong et al., 2013](https://aclanthology.org/W13-3512/),
          "RareWords"

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "MEN_dataset_lemma_form_full")
    >>> _ = path.write_text("sun-n sunlight-n 50.0\\n" * 2)
    >>> task, = read_word_similarity(path)
    >>> task.name, task.texts_1[0], task.texts_2[0]
    ('MEN', 'sun', 'sunlight')
    """
    name, num_published = KNOWN_WORDS[_key(path)]
    layout = find_layout(path, SCORE_COLUMNS.get(name))
    pairs = read_layout(path, layout)
    words = [*pairs.texts_1, *pairs.texts_2]
    if all(_PART_OF_SPEECH.fullmatch(word[-2:]) for word in words):
        pairs.texts_1 = [word[:-2] for word in pairs.texts_1]
        pairs.texts_2 = [word[:-2] for word in pairs.texts_2]
    return [pairs.task(name, "word similarity", num_published)]


def _is_known(path: pathlib.Path) -> bool:
    if path.stem.lower() == "combined":  # too common to identify one
        names = {**sample_names(path), **sample_names(path, ",")}
        return "humanmean" in names
    return _key(path) in KNOWN_WORDS


def _key(path: pathlib.Path) -> str:
    stem = re.sub(r"^en[-_.]", "", path.stem.lower())
    return re.sub(r"[\W_]", "", stem)


find_word_similarity = each_file(_is_known, read_word_similarity)
