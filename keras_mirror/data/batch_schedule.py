import numpy as np

from keras_mirror.arguments import chosen_seed


class BatchSchedule:
    """Draws the strings of every batch, epoch by epoch.

    Every epoch has its own order. An incomplete last batch is left out, so
    that shuffling changes which strings are left out each epoch.

    Batches of strings of similar length need a third of the compute of random
    batches, where every string is padded to the longest. They are as random as
    the lengths allow: strings of equal length are in random order, the strings
    that are left out are drawn from all, and batches come in random order.

    Args:
        num_strings: Integer.
        batch_size: Integer, at most `num_strings`.
        shuffle: Boolean. `False` keeps the order of the strings.
        lengths: Integers, one per string. If given, the strings of a batch are
            of similar length; ignored without `shuffle`. Defaults to `None`.
        seed: Integer that decides all epochs. Defaults to `None`: a random
            one, which `keras.utils.set_random_seed` decides.

    Example:

    >>> schedule = BatchSchedule(4, batch_size=2, lengths=[9, 1, 8, 2], seed=0)
    >>> sorted(sorted(rows.tolist()) for rows in schedule.batches(epoch=0))
    [[0, 2], [1, 3]]
    """

    def __init__(
        self,
        num_strings: int,
        batch_size: int,
        shuffle: bool = True,
        lengths=None,
        seed: int | None = None,
    ) -> None:
        self.num_strings = num_strings
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.lengths = None if lengths is None else np.asarray(lengths)
        # The integer that decides all draws, even if `seed` is `None`.
        self.seed = chosen_seed(seed)

    def __len__(self) -> int:
        return self.num_strings // self.batch_size

    def batches(self, epoch: int):
        """The strings of the batches of an epoch, counted from 0.

        Returns:
            An integer array of shape `(len(self), batch_size)`.
        """
        used = len(self) * self.batch_size
        shape = (len(self), self.batch_size)
        if not self.shuffle:
            return np.arange(used).reshape(shape)
        generator = np.random.default_rng((self.seed, epoch))
        order = generator.permutation(self.num_strings)[:used]
        if self.lengths is None:
            return order.reshape(shape)
        order = order[np.argsort(self.lengths[order], kind="stable")]
        return generator.permutation(order.reshape(shape))

    def from_step(self, step: int):
        """The strings of an epoch's number of batches, starting at any step.

        Args:
            step: Integer, the batches of all epochs before it.

        Returns:
            As `batches`.
        """
        epoch, skipped = divmod(step, len(self))
        rows = self.batches(epoch)
        if not skipped:
            return rows
        return np.concatenate([rows[skipped:], self.batches(epoch + 1)])[
            : len(rows)
        ]

    def generator(self, epoch: int, batch: int) -> np.random.Generator:
        """The generator for other draws of a batch, such as neighbors."""
        return np.random.default_rng((self.seed, epoch, batch, 1))

    def span_seed(self, epoch: int, batch: int):
        """Two integers that decide the masked spans of a batch."""
        generator = np.random.default_rng((self.seed, epoch, batch))
        return generator.integers(2**63, size=2)

    def rest(self, step: int, epochs: int) -> "RestOfTraining":
        """The rest of a training after some steps, as one long epoch."""
        return RestOfTraining(self, step, epochs)


class RestOfTraining:
    """The batches of all epochs that are left after some steps.

    They equal those of an uninterrupted training, spans and neighbors included.

    Args:
        schedule: A `BatchSchedule`.
        step: Integer, the steps that were done.
        epochs: Integer, the epochs of the whole training.

    Example:

    >>> schedule = BatchSchedule(6, batch_size=2, seed=0)
    >>> rest = schedule.rest(step=4, epochs=2)
    >>> (rest.batches(0) == schedule.batches(1)[1:]).all().item()
    True
    """

    def __init__(self, schedule: BatchSchedule, step: int, epochs: int) -> None:
        self.batch_size = schedule.batch_size
        self.lengths = schedule.lengths
        self._schedule = schedule
        self._step = step
        self._epochs = epochs

    def __len__(self) -> int:
        return self._epochs * len(self._schedule) - self._step

    def batches(self, epoch: int):
        """See `BatchSchedule.batches`; there is one epoch only."""
        first, skipped = divmod(self._step, len(self._schedule))
        epochs = range(first, self._epochs)
        every = [self._schedule.batches(epoch) for epoch in epochs]
        return np.concatenate(every)[skipped:]

    def from_step(self, step: int):
        """See `BatchSchedule.from_step`; there is one epoch only."""
        return self.batches(0)

    def generator(self, epoch: int, batch: int) -> np.random.Generator:
        """See `BatchSchedule.generator`."""
        return self._schedule.generator(*self._place(batch))

    def span_seed(self, epoch: int, batch: int):
        """See `BatchSchedule.span_seed`."""
        return self._schedule.span_seed(*self._place(batch))

    def _place(self, batch: int) -> tuple[int, int]:
        return divmod(self._step + batch, len(self._schedule))
