class StepCounter:
    """The number of training steps since `fit` began, over all epochs.

    Keras numbers the batches of each epoch from 0, and tells only the last one
    of those that `steps_per_execution` runs together.

    Attributes:
        step: Integer, the steps of all epochs.
        epoch_step: Integer, the steps of the running epoch.

    Example:

    >>> counter = StepCounter()
    >>> for epoch in range(2):
    ...     counter.begin_epoch()
    ...     counter.end_batch(0)
    ...     counter.end_batch(1)
    >>> counter.step, counter.epoch_step
    (4, 2)
    """

    def __init__(self):
        self.epoch_step = 0
        self._in_earlier_epochs = 0

    @property
    def step(self):
        return self._in_earlier_epochs + self.epoch_step

    def begin_epoch(self):
        self._in_earlier_epochs += self.epoch_step
        self.epoch_step = 0

    def end_batch(self, batch):
        self.epoch_step = batch + 1
