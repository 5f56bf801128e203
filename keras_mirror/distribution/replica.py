import contextlib

from keras import ops


class Replica:
    """One device, or several that Keras makes look like one."""

    rank = 0

    @staticmethod
    def is_active():
        """Whether this kind of replicas is at work."""
        return True

    def feed_scope(self):
        """A context in which Keras feeds whole batches to `shard`."""
        return contextlib.nullcontext()

    def shard(self, views):
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

    def all_reduce_sum(self, values):
        """The sum of a tensor of one shape over the replicas."""
        return values

    def scale_loss(self, loss):
        """The part of a loss over all rows that this replica answers for."""
        return loss

    def logs(self, logs):
        """What a step logs, in the shapes that Keras can average."""
        return logs

    def broadcast(self, value):
        """What the first process has, in all of them."""
        return value

    def shared_seed(self, seed):
        """A seed that is the same in all processes, also where it is `None`."""
        return seed


def decorrelate_seeds(model, rank):
    """Moves the random state of a replica away from the others'.

    Replicas start with the same state, and would drop the same units of their
    first rows, of their second rows, and so on.

    Args:
        model: A `keras.Model`.
        rank: Integer or integer tensor, the number of the replica. The first
            one, 0, draws what one device would.
    """
    weights = {variable.path for variable in model.weights}
    for variable in model.non_trainable_variables:
        if variable.path not in weights:  # the state of a seed generator
            offset = ops.cast(ops.stack([rank, 0]), variable.dtype)
            variable.assign(variable.value + offset)


def check_enough(found, number, kind):
    """Refuses to train on more devices than there are.

    Args:
        found: Integer, how many there are.
        number: Integer, how many are wanted.
        kind: String, what they are, for the message.

    Raises:
        ValueError: There are too few.

    Example:

    >>> check_enough(2, 2, "GPUs")
    """
    if found < number:
        raise ValueError(
            f"`devices` must be at most {found}, the number of {kind} here. "
            f"Received: devices={number}"
        )
