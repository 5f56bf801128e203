import keras


class DatasetEpochs(keras.callbacks.Callback):
    """Makes a dataset start at the epoch at which `fit` starts.

    Keras counts from `initial_epoch`, or from the epoch at which
    `BackupAndRestore` found an earlier `fit` stopped. A dataset counts its own
    passes.

    Args:
        dataset: The training data. Only a dataset from `mirror_dataset` can
            start at any epoch.
        steps_per_epoch: Integer, as in `keras.Model.fit`. Defaults to `None`.
        restart: Boolean, whether training that starts at epoch 0 resets the
            dataset to epoch 0. Defaults to `False`: the dataset continues.

    Example:

    >>> class Dataset(list):
    ...     go_to = print
    >>> DatasetEpochs(Dataset(["batch", "batch"])).on_epoch_begin(3)
    6
    """

    def __init__(
        self, dataset, steps_per_epoch: int | None = None, restart: bool = False
    ):
        super().__init__()
        self._dataset = dataset
        self._steps_per_epoch = steps_per_epoch
        self._restart = restart
        self._has_begun = False

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        is_first, self._has_begun = not self._has_begun, True
        go_to = getattr(self._dataset, "go_to", None)
        if go_to and is_first and (epoch or self._restart):
            go_to(epoch * (self._steps_per_epoch or len(self._dataset)))
