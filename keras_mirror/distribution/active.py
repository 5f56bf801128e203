import keras
from keras import ops

from keras_mirror.distribution.jax import JaxDevices
from keras_mirror.distribution.jax import jax_devices
from keras_mirror.distribution.replica import Devices
from keras_mirror.distribution.replica import Replica
from keras_mirror.distribution.tensorflow import TensorFlowReplicas
from keras_mirror.distribution.tensorflow import tensorflow_devices
from keras_mirror.distribution.tensorflow import tensorflow_map
from keras_mirror.distribution.torch import TorchProcesses
from keras_mirror.distribution.torch import set_torch_random_state
from keras_mirror.distribution.torch import torch_devices
from keras_mirror.distribution.torch import torch_random_state

_REPLICAS = {
    "tensorflow": TensorFlowReplicas,
    "torch": TorchProcesses,
    "jax": JaxDevices,
}
_DEVICES = {
    "tensorflow": tensorflow_devices,
    "torch": torch_devices,
    "jax": jax_devices,
}


def active_replicas() -> Replica:
    """The devices or processes that currently train together with this one.

    Returns:
        A `Replica`. It is one of several under a `tf.distribute` strategy on
        TensorFlow, under a `keras.distribution.DataParallel` on JAX, in a
        process group of `torch.distributed` on PyTorch.

    Example:

    >>> active_replicas().rank
    0
    """
    replicas = _REPLICAS.get(keras.backend.backend(), Replica)
    return replicas() if replicas.is_active() else Replica()


def training_devices(model) -> Devices:
    """The devices that would train a model now, and their memory.

    Args:
        model: A `keras.Model`.

    Returns:
        A `Devices`.

    Example:

    >>> training_devices(model).number
    1
    """
    return _DEVICES[keras.backend.backend()](model)


def random_state() -> list:
    """The random state of the backend that is not in a model's variables.

    Returns:
        A list of arrays for `set_random_state`; empty except on PyTorch.
    """
    if keras.backend.backend() == "torch":
        return torch_random_state()
    return []


def set_random_state(state: list) -> None:
    """Sets the random state of the backend, see `random_state`."""
    if keras.backend.backend() == "torch":
        set_torch_random_state(state)


def map_one_by_one(function, elements):
    """Applies a function to slices of tensors, never to two at a time.

    Args:
        function: Function of a nest of tensors that returns one tensor.
        elements: Nest of tensors of shape `(num_slices, ...)`.

    Returns:
        A tensor of shape `(num_slices, ...)`.

    Example:

    >>> values = map_one_by_one(lambda x: 2 * x, ops.arange(3))
    >>> ops.convert_to_numpy(values).tolist()
    [0, 2, 4]
    """
    if keras.backend.backend() == "tensorflow":
        return tensorflow_map(function, elements)
    return ops.map(function, elements)


def gather_views(embeddings, features: dict | None = None):
    """Both views of all strings, including those of the other devices.

    Args:
        embeddings: Tensor of shape `(2 * num_own_rows, embedding_dim)`, one
            view after the other.
        features: Dict of tensors of shape `(2 * num_own_rows, ...)`: what the
            loss needs to know about the strings. Defaults to `None`: nothing.

    Returns:
        A tuple of view 1 and view 2, `(num_rows, embedding_dim)`, and the
        features, `(2 * num_rows, ...)`.

    Example:

    >>> view_1, view_2, features = gather_views(np.zeros((6, 4)))
    >>> tuple(view_1.shape), features
    ((3, 4), {})
    """
    names = list(features or {})
    own = [embeddings, *(features or {}).values()]
    embeddings, *gathered = active_replicas().gather(own)
    view_1, view_2 = ops.split(embeddings, 2, axis=0)
    return view_1, view_2, dict(zip(names, gathered, strict=True))
