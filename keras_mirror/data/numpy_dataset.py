import keras
import numpy as np

from keras_mirror.data.batch_schedule import BatchSchedule
from keras_mirror.data.corpus import Corpus


class NumpyMirrorDataset(keras.utils.PyDataset):
    """Batches of two views without TensorFlow, for JAX and PyTorch.

    Does what the `tf.data` pipeline of `mirror_dataset` does: the batches of
    `schedule`, with new spans each epoch.

    Args:
        corpus: A `Corpus`.
        preprocessor: A `MirrorPreprocessor`.
        schedule: A `BatchSchedule`.
        **kwargs: Passed to `keras.utils.PyDataset`.

    Example:

    >>> from keras_mirror.data.batch_schedule import BatchSchedule
    >>> from keras_mirror.data import Corpus
    >>> schedule = BatchSchedule(num_strings=2, batch_size=2)
    >>> corpus = Corpus(["a man", "a woman"])
    >>> dataset = NumpyMirrorDataset(corpus, preprocessor, schedule)
    >>> view_1, view_2 = dataset[0]
    >>> view_1["token_ids"].shape[0]
    2
    """

    def __init__(
        self, corpus: Corpus, preprocessor, schedule: BatchSchedule, **kwargs
    ) -> None:
        # Threads make the next batches while a step runs.
        kwargs.setdefault("workers", 2)
        super().__init__(**kwargs)
        self.sides = [np.array(side, dtype=object) for side in corpus.sides]
        self.preprocessor = preprocessor
        self.schedule = schedule
        self.epoch = 0
        self._batches = schedule.batches(0)
        self._has_begun = False

    def __len__(self) -> int:
        return len(self.schedule)

    def __getitem__(self, index: int) -> tuple[dict, dict]:
        rows = self._batches[index]
        texts, *partners = [side[rows].tolist() for side in self.sides]
        seed = self.schedule.span_seed(self.epoch, index)
        return self.preprocessor.views(texts, seed, *partners)

    def on_epoch_begin(self) -> None:
        """Draws nothing: Keras's threads make batches already (3.15)."""
        self._has_begun = True

    def on_epoch_end(self) -> None:
        """Draws the batches of the next epoch."""
        if self._has_begun:  # Keras ends epochs also before the first one
            self.epoch += 1
            self._batches = self.schedule.batches(self.epoch)
        self._has_begun = False
