import contextlib


class OneReplica:
    """One device, or several that Keras makes look like one."""

    rank = 0

    @staticmethod
    def are_several():
        """Whether this kind of replicas is at work."""
        return True

    def feeding(self):
        """A context in which Keras feeds whole batches to `own_rows`."""
        return contextlib.nullcontext()

    def own_rows(self, views):
        """The rows of two views that this replica is to embed."""
        return views

    def prepare(self, model):
        """Makes the replicas start alike, draw apart, and learn together."""

    def gather(self, tensors):
        """The rows of all replicas, gradients only through its own.

        Args:
            tensors: List of tensors of shape `(2 * num_own_rows, ...)`, one
                view after the other.

        Returns:
            A list of tensors of shape `(2 * num_rows, ...)`, one view after
            the other, the same on every replica.
        """
        return tensors

    def add_up(self, values):
        """The sum of a tensor of one shape over the replicas."""
        return values

    def share(self, loss):
        """The part of a loss over all rows that this replica answers for."""
        return loss

    def logs(self, logs):
        """What a step logs, in the shapes that Keras can average."""
        return logs

    def from_first(self, value):
        """What the first process has, in all of them."""
        return value

    def shared_seed(self, seed):
        """A seed that is the same in all processes, also where it is `None`."""
        return seed
