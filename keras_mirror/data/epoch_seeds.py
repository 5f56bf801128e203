"""One random state per epoch, so that training can resume at any epoch."""

import random
from collections.abc import Callable

import keras
import numpy as np


class EpochSeeds(keras.callbacks.Callback):
    """Sets a seed per epoch, so that draws do not depend on earlier epochs.

    A training that resumes at an epoch then has the same dropout as one that
    was never stopped: Keras keeps no random states in archives and backups.

    Args:
        seed: Integer, the seed of `fit`, which the first epoch uses.
        set_seed: Function that is called with the seed of an epoch.

    Example:

    >>> seeds = []
    >>> callback = EpochSeeds(7, seeds.append)
    >>> for epoch in range(2):
    ...     callback.on_epoch_begin(epoch)
    >>> seeds[0], seeds[1] == epoch_seed(7, 1)
    (7, True)
    """

    def __init__(self, seed: int, set_seed: Callable[[int], object]) -> None:
        super().__init__()
        self._seed = seed
        self._set_seed = set_seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._set_seed(epoch_seed(self._seed, epoch))


def epoch_seed(seed: int, epoch: int) -> int:
    """The seed of an epoch; each epoch has a different one.

    Example:

    >>> epoch_seed(7, 0)
    7
    """
    if not epoch:
        return seed
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])


def seed_generators(seed: int) -> None:
    """Seeds Python, NumPy and, on that backend, PyTorch.

    `keras.utils.set_random_seed` seeds TensorFlow too, which then forgets the
    SentencePiece models of datasets that exist:
    https://github.com/tensorflow/text/issues/570. Nothing that is trained here
    draws from TensorFlow's own generator.

    Example:

    >>> seed_generators(7)
    >>> first = np.random.random()
    >>> seed_generators(7)
    >>> first == np.random.random()
    True
    """
    random.seed(seed)
    np.random.seed(seed)
    if keras.backend.backend() == "torch":
        import torch

        torch.manual_seed(seed)
