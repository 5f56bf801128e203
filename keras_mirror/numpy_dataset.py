import keras
import numpy as np


class NumpyMirrorDataset(keras.utils.PyDataset):
    """Batches of two views without TensorFlow, for JAX and PyTorch.

    Does what the `tf.data` pipeline of `mirror_dataset` does: a new order and
    new spans each epoch, both decided by the seed.

    Args:
        strings: List of strings.
        preprocessor: A `MirrorPreprocessor`.
        batch_size: Integer.
        shuffle: Boolean.
        seed: Integer, or `None` for a random one.
        **kwargs: Passed to `keras.utils.PyDataset`.

    Example:

    >>> dataset = NumpyMirrorDataset(["a man", "a woman"], preprocessor, 2)
    >>> view_1, view_2 = dataset[0]
    >>> view_1["token_ids"].shape[0]
    2
    """

    def __init__(
        self,
        strings,
        preprocessor,
        batch_size,
        shuffle=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.strings = np.array(strings, dtype=object)
        self.preprocessor = preprocessor
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = np.random.SeedSequence(seed).entropy
        self.epoch = -1
        self.on_epoch_begin()

    def __len__(self):
        return len(self.strings) // self.batch_size

    def __getitem__(self, index):
        start = index * self.batch_size
        rows = self._order[start : start + self.batch_size]
        seed = (self.seed, self.epoch, index)
        return self.preprocessor.views(self.strings[rows].tolist(), seed)

    def on_epoch_begin(self):
        """Draws the order of the next epoch."""
        self.epoch += 1
        self._order = np.arange(len(self.strings))
        if self.shuffle:
            np.random.default_rng((self.seed, self.epoch)).shuffle(self._order)
