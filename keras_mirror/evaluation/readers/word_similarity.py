import re

from keras_mirror.evaluation.readers.found import each_file
from keras_mirror.evaluation.readers.known_words import SCORE_COLUMNS
from keras_mirror.evaluation.readers.known_words import known_words
from keras_mirror.evaluation.readers.layout import find_layout
from keras_mirror.evaluation.readers.score_table import read_layout
from keras_mirror.evaluation.readers.table import sample_names

_PART_OF_SPEECH = re.compile("-[nvja]")


def read_word_similarity(path):
    """SimLex-999, SimVerb-3500, MEN, WordSim-353, RareWords, RG-65 and kin.

    Reference:
        - [Hill et al., 2015](https://aclanthology.org/J15-4004/), "SimLex"
        - [Gerz et al., 2016](https://aclanthology.org/D16-1235/), "SimVerb"
        - [Bruni et al., 2014](https://doi.org/10.1613/jair.4135), "MEN"
        - [Luong et al., 2013](https://aclanthology.org/W13-3512/),
          "RareWords"

    Args:
        path: Path of a file with one of the names in `known_words`.

    Returns:
        A list of one `SimilarityTask`.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "MEN_dataset_lemma_form_full")
    >>> _ = path.write_text("sun-n sunlight-n 50.0\\n" * 2)
    >>> task, = read_word_similarity(path)
    >>> task.name, task.texts_1[0], task.texts_2[0]
    ('MEN', 'sun', 'sunlight')
    """
    name, num_published = known_words(path)
    layout = find_layout(path, SCORE_COLUMNS.get(name))
    pairs = read_layout(path, layout)
    words = [*pairs.texts_1, *pairs.texts_2]
    if all(_PART_OF_SPEECH.fullmatch(word[-2:]) for word in words):
        pairs.texts_1 = [word[:-2] for word in pairs.texts_1]
        pairs.texts_2 = [word[:-2] for word in pairs.texts_2]
    return [pairs.task(name, "word similarity", num_published)]


def _is_known(path):
    if path.stem.lower() == "combined":  # too common a name to stand for one
        names = {**sample_names(path), **sample_names(path, ",")}
        return "humanmean" in names
    return known_words(path) is not None


find_word_similarity = each_file(_is_known, read_word_similarity)
