import sys

from keras import ops

from keras_mirror.distribution.replica import Replica
from keras_mirror.distribution.replica import check_enough
from keras_mirror.distribution.replica import decorrelate_seeds
from keras_mirror.distribution.rows import paired_views
from keras_mirror.distribution.rows import stacked_views


class TensorFlowReplicas(Replica):
    """The replicas of a `tf.distribute` strategy.

    The strategy splits batches and adds gradients up.
    """

    def __init__(self):
        self._context = _replica_context()

    @staticmethod
    def is_active():
        context = _replica_context()
        return context is not None and context.num_replicas_in_sync > 1

    @property
    def rank(self):
        return self._context.replica_id_in_sync_group

    def prepare(self, model):
        decorrelate_seeds(model, self.rank)

    def gather(self, tensors):
        # Its gradient is the sum of all replicas' for these rows.
        gather = self._context.all_gather
        return [
            stacked_views(gather(paired_views(tensor), axis=0))
            for tensor in tensors
        ]

    def all_reduce_sum(self, values):
        return self._context.all_reduce("SUM", values)

    def scale_loss(self, loss):
        return loss / self._context.num_replicas_in_sync

    def logs(self, logs):
        # Keras averages over replicas. What they log is the same but for one
        # that got no rows of a small batch, and so the first one's counts.
        is_first = ops.cast(self.rank == 0, "float32")
        logs = {name: value * is_first for name, value in logs.items()}
        logs = self._context.all_reduce("SUM", logs)
        strategy = self._context.strategy
        if strategy.num_replicas_in_sync > len(
            strategy.extended.worker_devices
        ):
            # Those of several machines it averages over an axis 0 (3.15).
            logs = {name: value[None] for name, value in logs.items()}
        return logs


def _replica_context():
    # Without TensorFlow's import there is no strategy of it.
    return sys.modules["tensorflow"].distribute.get_replica_context()


def tensorflow_scope(number):
    """A context to make and train a model on several devices of TensorFlow.

    Args:
        number: Integer. So many GPUs; without any, the CPU counts as so many
            devices, if TensorFlow has not computed anything yet.

    Returns:
        A context manager.

    Raises:
        ValueError: There are GPUs, but fewer.
    """
    tensorflow = sys.modules["tensorflow"]
    config = tensorflow.config
    gpus = config.list_physical_devices("GPU")
    if gpus:
        check_enough(len(gpus), number, "GPUs")
    else:
        parts = [config.LogicalDeviceConfiguration()] * number
        cpu = config.list_physical_devices("CPU")[0]
        config.set_logical_device_configuration(cpu, parts)
    kind = "GPU" if gpus else "CPU"
    names = [f"{kind}:{index}" for index in range(number)]
    return tensorflow.distribute.MirroredStrategy(names).scope()
