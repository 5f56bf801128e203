from keras_mirror.evaluation.tasks import SimilarityTask


class ScoredPairs:
    """Collects the pairs of a similarity benchmark, and what is left out.

    Args:
        path: Path of the file or folder, for messages.

    Example:

    >>> from keras_mirror.evaluation.readers.row import Row
    >>> pairs = ScoredPairs("mine.tsv")
    >>> pairs.add(Row("mine.tsv", 1, ["a man", "a woman", "2.5"]), 0, 1, 2)
    >>> pairs.add(Row("mine.tsv", 2, ["a man", "", "2.5"]), 0, 1, 2)
    >>> task = pairs.task("mine")
    >>> task.scores, task.dropped[0].reason
    ([2.5], 'empty text')
    """

    def __init__(self, path):
        self.path = path
        self.texts_1 = []
        self.texts_2 = []
        self.scores = []
        self.subsets = []
        self.dropped = []

    def add(self, row, text_1, text_2, score, score_row=None, subset=None):
        """Adds the pair of a row, or notes why it does not count.

        Args:
            row: A `Row`.
            text_1: Integer, the column of a text.
            text_2: Integer, the column of the other one.
            score: Integer, the column of the score.
            score_row: The `Row` of the score. Defaults to `None`: `row`.
            subset: String. Defaults to `None`: the benchmark has no parts.

        Raises:
            ValueError: A column is missing, or the score is no number.
        """
        score_row = score_row or row
        texts = row.text(text_1), row.text(text_2)
        value = score_row.number(score)
        if not all(texts):
            self.dropped.append(row.dropped("empty text"))
        elif value is None:
            self.dropped.append(score_row.dropped("no score"))
        else:
            self.texts_1.append(texts[0])
            self.texts_2.append(texts[1])
            self.scores.append(value)
            self.subsets.append(subset)

    def task(self, name, kind=None, num_published=None):
        """The pairs as a benchmark.

        Args:
            name: String.
            kind: String. Defaults to `None`: `"word similarity"` if no text
                has two words, otherwise `"sentence similarity"`.
            num_published: Integer or `None`, see `Task`.

        Returns:
            A `SimilarityTask`.

        Raises:
            ValueError: There is no pair.
        """
        if not self.scores:
            raise ValueError(
                f"{self.path} must have a pair of texts with a score. "
                f"Received: {len(self.dropped)} pairs without"
            )
        return SimilarityTask(
            name=name,
            kind=kind or self._kind(),
            texts_1=self.texts_1,
            texts_2=self.texts_2,
            scores=self.scores,
            subsets=None if None in self.subsets else self.subsets,
            dropped=tuple(self.dropped),
            num_published=num_published,
        )

    def _kind(self):
        texts = [*self.texts_1, *self.texts_2]
        is_words = all(len(text.split()) == 1 for text in texts)
        return "word similarity" if is_words else "sentence similarity"
