import functools
import pathlib

from keras_mirror.evaluation import PairTask
from keras_mirror.files import read_json

NAME = "general probe"


@functools.cache
def general_task() -> PairTask:
    """A probe of general English, to check that it does not get worse.

    It has sentences and short phrases on many subjects, each with a paraphrase
    and a look-alike: nearly the same words that mean something else. They were
    written for this package. A text must find its paraphrase among all
    paraphrases and look-alikes. The probe is in English only and says nothing
    about your own texts.

    Returns:
        A `PairTask`.

    Example:

    >>> task = general_task()
    >>> len(task.pairs) == len(task.distractors) == task.num_items()
    True
    """
    path = pathlib.Path(__file__).with_name("general.json")
    groups = read_json(path, kind=list)
    return PairTask(
        name=NAME,
        kind="general English, not your texts",
        pairs=[(group["text"], group["same"]) for group in groups],
        distractors=[group["other"] for group in groups],
    )
