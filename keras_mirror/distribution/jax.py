"""JAX is imported inside functions, so that other backends do not need it."""

import contextlib
import os
from contextlib import AbstractContextManager

import keras
import numpy as np

from keras_mirror.arguments import chosen_seed
from keras_mirror.distribution.replica import Devices
from keras_mirror.distribution.replica import Replica
from keras_mirror.distribution.replica import check_enough


class JaxDevices(Replica):
    """The devices of a `keras.distribution.DataParallel`.

    Its arrays span all devices, those of other processes too, so only the
    rows of a batch have to be split: see `WholeBatches`.
    """

    def __init__(self):
        self._distribution = keras.distribution.distribution()

    @staticmethod
    def is_active() -> bool:
        distribution = keras.distribution.distribution()
        return isinstance(distribution, keras.distribution.DataParallel)

    def feed_scope(self) -> AbstractContextManager:
        several = self._distribution.num_processes > 1
        if several and not self._distribution.auto_shard_dataset:
            return contextlib.nullcontext()  # every process has its own rows
        return WholeBatches(self._distribution.device_mesh).scope()

    def shard(self, views):
        return tuple(
            {name: self._split(feature) for name, feature in view.items()}
            for view in views
        )

    def shared_seed(self, seed: int | None) -> int | None:
        if seed is not None or self._distribution.num_processes == 1:
            return seed
        from jax.experimental import multihost_utils

        drawn = np.array([chosen_seed(seed)], "uint32")
        return int(multihost_utils.broadcast_one_to_all(drawn)[0])

    def _split(self, feature):
        mesh = self._distribution.device_mesh
        axes = (self._distribution.batch_dim_name,)
        axes += (None,) * (len(feature.shape) - 1)
        layout = keras.distribution.TensorLayout(axes, mesh)
        return keras.distribution.distribute_tensor(feature, layout)


class WholeBatches(keras.distribution.DataParallel):
    """Makes Keras pass whole batches to every device; the step splits them.

    Keras 3.15 splits batches before the step. It refuses batch sizes that are
    no multiple of the number of devices, and with several processes it accepts
    only `tf.data` datasets of a known batch size. A batch that the step splits
    may have any size and any source.

    Args:
        device_mesh: A `keras.distribution.DeviceMesh`.
    """

    def __init__(self, device_mesh):
        super().__init__(device_mesh=device_mesh, auto_shard_dataset=False)

    def get_data_layout(self, data_shape):
        axes = (None,) * len(data_shape)
        return keras.distribution.TensorLayout(axes, self.device_mesh)


def jax_devices(model) -> Devices:
    """Where JAX trains a model, see `training_devices`."""
    import jax

    number = here = 1
    if JaxDevices.is_active():
        distribution = keras.distribution.distribution()
        number = distribution.device_mesh.devices.size
        here = number // distribution.num_processes
    statistics = [device.memory_stats() for device in jax.local_devices()]
    free = [
        each["bytes_limit"] - each["bytes_in_use"]
        for each in statistics
        if each and "bytes_limit" in each  # a CPU has none
    ]
    return Devices(number, here, min(free, default=None))


def jax_scope(number: int) -> AbstractContextManager:
    """A context to make and train a model on several devices of JAX.

    Args:
        number: Integer, the number of GPUs. Without any GPU, the CPU is split
            into that many devices, if JAX has not looked for its devices yet.

    Returns:
        A context manager.

    Raises:
        ValueError: There are fewer devices.
    """
    flag = f"--xla_force_host_platform_device_count={number}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}"
    devices = keras.distribution.list_devices()
    check_enough(len(devices), number, "devices of JAX")
    devices = devices[:number]
    return keras.distribution.DataParallel(devices=devices).scope()
