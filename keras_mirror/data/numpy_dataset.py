import keras
import numpy as np


class NumpyMirrorDataset(keras.utils.PyDataset):
    """Batches of two views without TensorFlow, for JAX and PyTorch.

    Does what the `tf.data` pipeline of `mirror_dataset` does: the batches of
    `epochs`, with new spans each epoch.

    Args:
        corpus: A `Corpus`.
        preprocessor: A `MirrorPreprocessor`.
        epochs: An `BatchSchedule`.
        **kwargs: Passed to `keras.utils.PyDataset`.

    Example:

    >>> from keras_mirror.data.batch_schedule import BatchSchedule
    >>> from keras_mirror.data import Corpus
    >>> epochs = BatchSchedule(num_strings=2, batch_size=2)
    >>> corpus = Corpus(["a man", "a woman"])
    >>> dataset = NumpyMirrorDataset(corpus, preprocessor, epochs)
    >>> view_1, view_2 = dataset[0]
    >>> view_1["token_ids"].shape[0]
    2
    """

    def __init__(self, corpus, preprocessor, epochs, **kwargs):
        # Threads make the next batches while a step runs.
        kwargs.setdefault("workers", 2)
        super().__init__(**kwargs)
        sides = [corpus.strings]
        sides += [corpus.partners] if corpus.partners else []
        self.sides = [np.array(side, dtype=object) for side in sides]
        self.preprocessor = preprocessor
        self.epochs = epochs
        self.epoch = 0
        self._batches = epochs.batches(0)
        self._has_begun = False

    def __len__(self):
        return len(self.epochs)

    def __getitem__(self, index):
        rows = self._batches[index]
        texts, *partners = [side[rows].tolist() for side in self.sides]
        seed = self.epochs.span_seed(self.epoch, index)
        return self.preprocessor.views(texts, seed, *partners)

    def on_epoch_begin(self):
        """Draws nothing: Keras's threads make batches already (3.15)."""
        self._has_begun = True

    def on_epoch_end(self):
        """Draws the batches of the next epoch."""
        if self._has_begun:  # Keras ends epochs also before the first one
            self.epoch += 1
            self._batches = self.epochs.batches(self.epoch)
        self._has_begun = False
