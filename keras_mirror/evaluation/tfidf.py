from collections.abc import Callable
from collections.abc import Iterable

from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import row_finder
from keras_mirror.evaluation.tasks import LexiconTask
from keras_mirror.optional import import_optional

# For these kinds parts of words matter: names, and texts of one word.
_OF_CHARACTERS = ("entity linking", "word similarity")
_CHARACTERS = {"analyzer": "char_wb", "ngram_range": (2, 4)}


class TfidfBaseline:
    """TF-IDF as a baseline that `evaluate` takes like a model.

    Texts are bags of words, those of entity linking and of word similarity bags
    of 2 to 4 characters within words (`"char_wb"`), weighted as scikit-learn
    does it. It has no weights: it counts the texts of the task that is scored.
    Needs the extra `[search]`.

    Raises:
        ImportError: The extra `[search]` is not installed.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> from keras_mirror.evaluation import evaluate
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> models = {"tfidf": TfidfBaseline(), "encoder": model}
    >>> round(evaluate(models, [task]).rows[0].scores[0].value, 3)
    0.866
    """

    def __init__(self) -> None:
        module = "sklearn.feature_extraction.text"
        self._vectorizer = import_optional(module, "search").TfidfVectorizer

    def check(self, tasks: Iterable[Task]) -> None:
        """Raises a ValueError if TF-IDF cannot score one of the tasks."""
        names = [task.name for task in tasks if isinstance(task, LexiconTask)]
        if names:
            raise ValueError(
                "TF-IDF cannot score bilingual lexicons, since it compares "
                "letters. Leave out the lexicons or the baseline. Received: "
                f"{', '.join(names)}"
            )

    def fit(self, task: Task) -> Callable:
        """Counts the texts of a task.

        Args:
            task: A `Task`, not a `LexiconTask`.

        Returns:
            A function from a list of the task's strings to a sparse matrix,
            for `Task.score`.
        """
        options = _CHARACTERS if task.kind in _OF_CHARACTERS else {}
        texts = list(dict.fromkeys(task.texts()))
        rows = self._vectorizer(**options).fit_transform(texts)
        return row_finder(texts, rows.tocsr())
