import pathlib

import numpy as np

from keras_mirror.checkpoints.hugging_face.weight_files import read_weight_files
from keras_mirror.checkpoints.sentence_transformers.settings import check_keys
from keras_mirror.files import read_json

# The settings with which a Dense module computes `weight @ x + bias`.
PLAIN = {
    "bias": True,
    "activation_function": "torch.nn.modules.linear.Identity",
}
# Older releases do not write these settings and support no other value.
_NEWER = {
    "module_input_name": "sentence_embedding",
    "module_output_name": "sentence_embedding",
    "use_residual": False,
}
_SIZES = ("in_features", "out_features")
WEIGHT = "linear.weight"
BIAS = "linear.bias"


def read_end(folder: pathlib.Path, embedding_dim: int) -> dict:
    """Reads a Dense module as a mean and a matrix.

    It computes `weight @ x + bias`, which is `(x - mean) @ kernel`.

    Args:
        folder: A `pathlib.Path`, the module's.
        embedding_dim: Integer, the size of the backbone's outputs.

    Returns:
        A dict of float32 arrays, or `None`, by their names in `PresetParts`:
        `"mean"` of shape `(embedding_dim,)`, and either `"whitening"`, a square
        matrix, or `"projection"`, any other matrix.

    Raises:
        ValueError: The module is damaged, or computes something else.
    """
    config = {**_NEWER, **read_json(folder / "config.json")}
    check_keys(config, (*_SIZES, *PLAIN, *_NEWER), "Dense", folder)
    found = {name: config.get(name) for name in (*PLAIN, *_NEWER)}
    expected = {**PLAIN, **_NEWER, "bias": bool(found["bias"])}
    tensors = read_weight_files(folder)
    weight, bias = (
        tensors[name].read() if name in tensors else np.zeros(0)
        for name in (WEIGHT, BIAS)
    )
    dim = weight.shape[0] if weight.ndim == 2 else 0
    if not expected["bias"] and not bias.size:
        bias = np.zeros(dim, "float32")
    shapes = [(dim, embedding_dim), (dim,)]
    if found != expected or [weight.shape, bias.shape] != shapes or not dim:
        raise ValueError(
            "A Dense module must be linear to be loaded into a mirror model: "
            f"it needs {expected}, {WEIGHT} and {BIAS} of the shapes {shapes}. "
            f"Received: {found}, with the shapes {[weight.shape, bias.shape]} "
            f"in folder={folder}"
        )
    mean = _mean(weight.astype("float64"), bias, folder)
    return {"mean": mean, **_kernel(weight)}


def _mean(weight, bias, folder: pathlib.Path):
    """The mean that is subtracted, or `None`; of several, the shortest."""
    if not bias.any():
        return None
    mean = np.linalg.lstsq(weight, -bias, rcond=None)[0]
    if not np.allclose(weight @ mean, -bias, rtol=1e-5, atol=1e-6):
        raise ValueError(
            "The bias of a Dense module must equal its matrix times the "
            "negative of a mean. Received: a bias for which there is no such "
            f"mean, in folder={folder}"
        )
    return mean.astype("float32")


def _kernel(weight) -> dict:
    kernel = np.ascontiguousarray(weight.T, "float32")
    if kernel.shape[0] != kernel.shape[1]:
        return {"projection": kernel}
    is_identity = np.array_equal(kernel, np.eye(len(kernel)))
    return {"whitening": None if is_identity else kernel}
