import keras
import numpy as np

from keras_mirror.data.batch_schedule import BatchSchedule
from keras_mirror.data.corpus import Corpus


class NumpyMirrorDataset(keras.utils.PyDataset):
    """Batches of two views without TensorFlow, for JAX and PyTorch.

    It gives the same batches as the `tf.data` pipeline of `mirror_dataset`:
    those of `schedule`, with new spans each epoch.

    Args:
        corpus: A `Corpus`.
        preprocessor: A `MirrorPreprocessor`.
        schedule: A `BatchSchedule`.
        guide: A `keras_mirror.guide.Guide`. Defaults to `None`: none.
        **kwargs: Passed to `keras.utils.PyDataset`.

    Example:

    >>> schedule = BatchSchedule(num_strings=2, batch_size=2)
    >>> corpus = Corpus(["a man", "a woman"])
    >>> dataset = NumpyMirrorDataset(corpus, preprocessor, schedule)
    >>> view_1, view_2 = dataset[0]
    >>> view_1["token_ids"].shape[0]
    2
    """

    def __init__(
        self,
        corpus: Corpus,
        preprocessor,
        schedule: BatchSchedule,
        guide=None,
        **kwargs,
    ) -> None:
        # Threads make the next batches while a step runs.
        kwargs.setdefault("workers", 2)
        super().__init__(**kwargs)
        self.corpus = corpus
        self.sides = [np.array(side, dtype=object) for side in corpus.sides]
        self.guide = guide
        self.preprocessor = preprocessor
        self.schedule = schedule
        self._has_begun = False
        self.go_to(0)

    def __len__(self) -> int:
        return len(self.schedule)

    def __getitem__(self, index: int) -> tuple[dict, dict]:
        epoch, batch = divmod(self._step + index, len(self))
        generator = self.schedule.generator(epoch, batch)
        rows = self._batches[index]
        rows = rows_of_views(
            rows, self.corpus, self.guide, generator, self.schedule.lengths
        )
        texts, *partners = [
            side[of_view].tolist()
            for side, of_view in zip(2 * self.sides, rows, strict=False)
        ]
        seed = self.schedule.span_seed(epoch, batch)
        view_1, view_2 = self.preprocessor.views(texts, seed, *partners)
        features_1, features_2 = guide_features(self.guide, rows)
        return {**view_1, **features_1}, {**view_2, **features_2}

    def on_epoch_begin(self) -> None:
        """Does nothing: threads of Keras 3.15 already make batches then."""
        self._has_begun = True

    def on_epoch_end(self) -> None:
        """Draws the batches of the next epoch."""
        if self._has_begun:  # Keras ends epochs also before the first one
            self.go_to(self._step + len(self))
        self._has_begun = False

    def go_to(self, step: int) -> None:
        """Draws the batches of an epoch that starts at any batch."""
        self._step = step
        self._batches = self.schedule.from_step(step)


def rows_of_views(rows, corpus: Corpus, guide, generator, lengths) -> list:
    """The strings of each view; only of one if both views have the same."""
    if guide is not None and guide.draws_neighbors:
        return [rows, guide.partners(rows, generator, lengths)]
    return [rows] * len(corpus.sides)


def guide_features(guide, rows: list) -> tuple[dict, ...]:
    """The features of the guide for the strings of the two views."""
    if guide is None:
        return {}, {}
    return guide.features(0, rows[0]), guide.features(1, rows[-1])
