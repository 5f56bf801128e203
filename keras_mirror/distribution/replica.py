import contextlib
import dataclasses
from contextlib import AbstractContextManager

from keras import ops

from keras_mirror.memory import free_memory


@dataclasses.dataclass(frozen=True)
class Devices:
    """Where a model trains.

    Args:
        number: Integer, the devices that share the rows of a batch.
        number_here: Integer, the devices of this machine.
        gpu_memory: Integer, the free bytes on each. Defaults to `None`: they
            are CPUs, which share the memory of the machine.
        kept: Integer, the bytes that the framework keeps on CPUs for its next
            tensors. Defaults to `0`.

    Example:

    >>> Devices(number=2).rows(401)
    201
    """

    number: int = 1
    number_here: int = 1
    gpu_memory: int | None = None
    kept: int = 0

    @property
    def free_memory(self) -> int:
        """The bytes that a step may currently take on each device."""
        if self.gpu_memory is not None:
            return self.gpu_memory
        return (free_memory() + self.kept) // self.number_here

    def rows(self, batch_size: int) -> int:
        """The most rows of a batch that one device gets."""
        return -(-batch_size // self.number)


class Replica:
    """One of the devices or processes that train together; here the only one.

    The base class of the replicas of each framework: its methods are the
    defaults for a single device.
    """

    rank = 0

    @staticmethod
    def is_active() -> bool:
        """Whether replicas of this class are active."""
        return True

    def feed_scope(self) -> AbstractContextManager:
        """A context in which Keras feeds whole batches to `shard`."""
        return contextlib.nullcontext()

    def shard(self, views):
        """The rows of two views that this replica embeds."""
        return views

    def prepare(self, model) -> None:
        """Gives all replicas the same weights and different random states.

        Where Keras does not sum gradients over replicas, it also makes
        `model` do that.
        """

    def reseeded(self, model) -> None:
        """Makes the replicas' random states differ, if `prepare` did so."""

    def gather(self, tensors):
        """The rows of all replicas; gradients flow through its own rows only.

        Args:
            tensors: List of tensors of shape `(2 * num_own_rows, ...)`, one
                view after the other.

        Returns:
            A list of tensors of shape `(2 * num_rows, ...)`, one view after
            the other, the same on every replica.
        """
        return tensors

    def all_reduce_sum(self, values):
        """Sums a tensor that has the same shape on all replicas."""
        return values

    def scale_loss(self, loss):
        """The replica's share of a loss over all rows."""
        return loss

    def logs(self, logs: dict) -> dict:
        """The logs of a step, in the shapes that Keras can average."""
        return logs

    def broadcast(self, value):
        """The first process's `value`, in all processes."""
        return value

    def shared_seed(self, seed: int | None) -> int | None:
        """A seed that is the same in all processes, even if it is `None`."""
        return seed


def seed_variables(model) -> list:
    """The random state of a model: the variables of its seed generators.

    Args:
        model: A `keras.Model`.

    Returns:
        A list of variables that are not among its weights.

    Example:

    >>> len(seed_variables(backbone)) > 0  # of its dropout
    True
    """
    weights = {variable.path for variable in model.weights}
    variables = model.non_trainable_variables
    return [each for each in variables if each.path not in weights]


def decorrelate_seeds(model, rank) -> None:
    """Gives a replica a random state that differs from the others'.

    Replicas start with the same state: without this, they would drop the same
    units in their first rows, in their second rows, and so on.

    Args:
        model: A `keras.Model`.
        rank: Integer or integer tensor, the number of the replica. Replica 0
            draws what a single device would draw.
    """
    for variable in seed_variables(model):
        offset = ops.cast(ops.stack([rank, 0]), variable.dtype)
        variable.assign(variable.value + offset)


def pair_views(stacked):
    """Puts both views of a string into one row: `(num_rows, 2, ...)`.

    >>> ops.convert_to_numpy(pair_views(np.array([1, 2, 10, 20]))).tolist()
    [[1, 10], [2, 20]]
    """
    return ops.stack(ops.split(stacked, 2, axis=0), axis=1)


def unpair_views(pairs):
    """Puts one view after the other, which undoes `pair_views`.

    >>> pairs = np.array([[1, 10], [2, 20]])
    >>> ops.convert_to_numpy(unpair_views(pairs)).tolist()
    [1, 2, 10, 20]
    """
    return ops.concatenate([pairs[:, 0], pairs[:, 1]], axis=0)


def check_enough(found: int, number: int, kind: str) -> None:
    """Raises a ValueError if more devices are wanted than were found."""
    if found < number:
        raise ValueError(
            f"`devices` must be at most {found}, the number of {kind} here. "
            f"Received: devices={number}"
        )
