import keras
from keras import ops

from keras_mirror.distribution.jax import JaxDevices
from keras_mirror.distribution.replica import Replica
from keras_mirror.distribution.tensorflow import TensorFlowReplicas
from keras_mirror.distribution.torch import TorchProcesses

_REPLICAS = {
    "tensorflow": TensorFlowReplicas,
    "torch": TorchProcesses,
    "jax": JaxDevices,
}


def active_replicas() -> Replica:
    """The devices or processes that train with this one at the moment.

    Returns:
        A `Replica`; one of several under a `tf.distribute` strategy on
        TensorFlow, under a `keras.distribution.DataParallel` on JAX, in a
        process group of `torch.distributed` on PyTorch.

    Example:

    >>> active_replicas().rank
    0
    """
    replicas = _REPLICAS.get(keras.backend.backend(), Replica)
    return replicas() if replicas.is_active() else Replica()


def gather_views(embeddings, string_ids=None):
    """Both views of all strings, including those of the other devices.

    Args:
        embeddings: Tensor of shape `(2 * num_own_rows, embedding_dim)`, one
            view after the other.
        string_ids: Integer tensor of shape `(2 * num_own_rows,)`, or `None`.

    Returns:
        A tuple of view 1 and view 2, `(num_rows, embedding_dim)`, and the
        string ids, `(2 * num_rows,)` or `None`.

    Example:

    >>> view_1, view_2, _ = gather_views(np.zeros((6, 4)))
    >>> tuple(view_1.shape)
    (3, 4)
    """
    own = [embeddings] if string_ids is None else [embeddings, string_ids]
    embeddings, *string_ids = active_replicas().gather(own)
    view_1, view_2 = ops.split(embeddings, 2, axis=0)
    return view_1, view_2, string_ids[0] if string_ids else None
