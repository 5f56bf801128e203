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
# Older releases do not write these, and know no other value.
_NEWER = {
    "module_input_name": "sentence_embedding",
    "module_output_name": "sentence_embedding",
    "use_residual": False,
}
WEIGHT = "linear.weight"
BIAS = "linear.bias"


def read_end(folder: pathlib.Path, embedding_dim: int) -> tuple:
    """The mean and the whitening that a Dense module stands for.

    It computes `weight @ x + bias`, which is `(x - mean) @ kernel`.

    Args:
        folder: A `pathlib.Path`, the module's.
        embedding_dim: Integer, the size of the backbone's outputs.

    Returns:
        A tuple of two float32 arrays, of shape `(embedding_dim,)` and of
        `(embedding_dim, embedding_dim)`, `None` where nothing is subtracted or
        multiplied.

    Raises:
        ValueError: The module is damaged, or does anything else.
    """
    config = {**_NEWER, **read_json(folder / "config.json")}
    expected = {**PLAIN, **_NEWER}
    known = ("in_features", "out_features", *expected)
    check_keys(config, known, "Dense", folder)
    found = {name: config.get(name) for name in expected}
    tensors = read_weight_files(folder)
    weight, bias = (
        tensors[name].read() if name in tensors else np.zeros(0)
        for name in (WEIGHT, BIAS)
    )
    shapes = [(embedding_dim, embedding_dim), (embedding_dim,)]
    if found != expected or [weight.shape, bias.shape] != shapes:
        raise ValueError(
            "A Dense module must keep the size of vectors and be linear to be "
            f"loaded into a mirror model: it needs {expected}, {WEIGHT} and "
            f"{BIAS} of the shapes {shapes}. Received: {found}, with the "
            f"shapes {[weight.shape, bias.shape]} in folder={folder}"
        )
    return _mean_and_kernel(weight.astype("float64"), bias, folder)


def _mean_and_kernel(weight, bias, folder: pathlib.Path) -> tuple:
    kernel = None
    if not np.array_equal(weight, np.eye(len(weight))):
        kernel = weight.T.astype("float32")
    if not bias.any():
        return None, kernel
    try:
        mean = np.linalg.solve(weight, -bias)
    except np.linalg.LinAlgError as error:
        raise ValueError(
            "A Dense module with a bias must have a matrix that can be "
            f"inverted. Received: {WEIGHT} in folder={folder}: {error}"
        ) from error
    return mean.astype("float32"), kernel
