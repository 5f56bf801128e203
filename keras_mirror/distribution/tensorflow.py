"""TensorFlow is imported inside functions: other backends do not need it."""

import contextlib
from contextlib import AbstractContextManager

from keras import ops

from keras_mirror.distribution.replica import Devices
from keras_mirror.distribution.replica import Replica
from keras_mirror.distribution.replica import check_enough
from keras_mirror.distribution.replica import decorrelate_seeds
from keras_mirror.distribution.replica import pair_views
from keras_mirror.distribution.replica import unpair_views


class TensorFlowReplicas(Replica):
    """The replicas of a `tf.distribute` strategy.

    The strategy splits batches and sums gradients.
    """

    def __init__(self):
        self._context = _replica_context()
        self.rank = self._context.replica_id_in_sync_group

    @staticmethod
    def is_active() -> bool:
        context = _replica_context()
        return context is not None and context.num_replicas_in_sync > 1

    def prepare(self, model) -> None:
        decorrelate_seeds(model, self.rank)

    def gather(self, tensors):
        # Its gradient is the sum of all replicas' for these rows.
        gather = self._context.all_gather
        return [
            unpair_views(gather(pair_views(tensor), axis=0))
            for tensor in tensors
        ]

    def all_reduce_sum(self, values):
        return self._context.all_reduce("SUM", values)

    def scale_loss(self, loss):
        return loss / self._context.num_replicas_in_sync

    def logs(self, logs: dict) -> dict:
        # Keras averages logs over replicas. All log the same, except a replica
        # without rows of a small batch, so the first replica's logs are used.
        is_first = ops.cast(self.rank == 0, "float32")
        logs = {name: value * is_first for name, value in logs.items()}
        logs = self._context.all_reduce("SUM", logs)
        strategy = self._context.strategy
        num_local_replicas = len(strategy.extended.worker_devices)
        if strategy.num_replicas_in_sync > num_local_replicas:
            # Logs of several machines are averaged over axis 0 (Keras 3.15).
            logs = {name: value[None] for name, value in logs.items()}
        return logs


def _replica_context():
    import tensorflow as tf

    return tf.distribute.get_replica_context()


def tensorflow_devices(model) -> Devices:
    """Where TensorFlow trains a model, see `training_devices`."""
    import tensorflow as tf

    strategy = model.distribute_strategy
    number = here = strategy.num_replicas_in_sync
    if number > 1:
        here = len(strategy.extended.worker_devices)
    gpus = tf.config.list_logical_devices("GPU")
    if not gpus:
        return Devices(number, here, kept=kept_on_cpus())
    from tensorflow.python.client import device_lib

    # TensorFlow reports its limit only here.
    limits = {
        device.name: device.memory_limit
        for device in device_lib.list_local_devices()
    }
    free = []
    for gpu in gpus:
        name = gpu.name.removeprefix("/device:")
        used = tf.config.experimental.get_memory_info(name)["current"]
        free.append(limits[gpu.name] - used)
    return Devices(number, here, min(free))


def kept_on_cpus() -> int:
    """The bytes that TensorFlow keeps although no tensor uses them.

    With oneDNN it keeps the peak of what its tensors took together.
    """
    import tensorflow as tf

    kept = 0
    for device in tf.config.list_logical_devices("CPU"):
        name = device.name.removeprefix("/device:")
        with contextlib.suppress(ValueError):  # without oneDNN: it keeps none
            usage = tf.config.experimental.get_memory_info(name)
            kept += usage["peak"] - usage["current"]
    return kept


def tensorflow_map(function, elements):
    """`keras.ops.map`, which on TensorFlow runs ten iterations at a time.

    It does so for gradients too, so that ten iterations take memory at once.
    """
    import tensorflow as tf

    first = tf.nest.map_structure(lambda x: x[0], elements)
    signature = tf.nest.map_structure(
        tf.TensorSpec.from_tensor, function(first)
    )
    return tf.map_fn(
        function,
        elements,
        parallel_iterations=1,
        fn_output_signature=signature,
    )


def tensorflow_scope(number: int) -> AbstractContextManager:
    """A context to make and train a model on several devices of TensorFlow.

    Args:
        number: Integer, the number of GPUs. Without any GPU, the CPU is split
            into that many devices, if TensorFlow has not computed anything
            yet.

    Returns:
        A context manager.

    Raises:
        ValueError: There are GPUs, but fewer.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        check_enough(len(gpus), number, "GPUs")
    else:
        parts = [tf.config.LogicalDeviceConfiguration()] * number
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, parts)
    kind = "GPU" if gpus else "CPU"
    names = [f"{kind}:{index}" for index in range(number)]
    return tf.distribute.MirroredStrategy(names).scope()
