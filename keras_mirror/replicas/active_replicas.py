import keras

from keras_mirror.replicas.jax_devices import JaxDevices
from keras_mirror.replicas.one_replica import OneReplica
from keras_mirror.replicas.tensorflow_replicas import TensorFlowReplicas
from keras_mirror.replicas.torch_processes import TorchProcesses

_REPLICAS = {
    "tensorflow": TensorFlowReplicas,
    "torch": TorchProcesses,
    "jax": JaxDevices,
}


def active_replicas():
    """The devices or processes that train with this one at the moment.

    Returns:
        A `OneReplica`, or an object with the same methods: under a
        `tf.distribute` strategy on TensorFlow, under a
        `keras.distribution.DataParallel` on JAX, in a process group of
        `torch.distributed` on PyTorch.

    Example:

    >>> active_replicas().rank
    0
    """
    replicas = _REPLICAS.get(keras.backend.backend(), OneReplica)
    return replicas() if replicas.are_several() else OneReplica()
