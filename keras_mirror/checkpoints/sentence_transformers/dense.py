import pathlib

import numpy as np

from keras_mirror.checkpoints.hugging_face.weight_files import read_weight_files
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


def read_mean(folder: pathlib.Path, embedding_dim: int) -> np.ndarray:
    """The mean that a Dense module subtracts from every embedding.

    Args:
        folder: A `pathlib.Path`, the module's.
        embedding_dim: Integer, the size of the backbone's outputs.

    Returns:
        A float32 array of shape `(embedding_dim,)`.

    Raises:
        ValueError: The module is damaged, or does anything else.
    """
    config = {**_NEWER, **read_json(folder / "config.json")}
    expected = {**PLAIN, **_NEWER}
    found = {name: config.get(name) for name in expected}
    tensors = read_weight_files(folder)
    weight, bias = (
        tensors[name].read() if name in tensors else np.zeros(0)
        for name in (WEIGHT, BIAS)
    )
    is_identity = np.array_equal(weight, np.eye(embedding_dim))
    if found != expected or not is_identity or bias.shape != (embedding_dim,):
        raise ValueError(
            "A Dense module must add a bias and do nothing else to be loaded "
            f"into a mirror model: it needs {expected}, {WEIGHT} must be the "
            f"identity and {BIAS} have the shape ({embedding_dim},). Received: "
            f"{found}, {WEIGHT} {'is' if is_identity else 'is not'} the "
            f"identity, {BIAS} has the shape {bias.shape} in folder={folder}"
        )
    return -bias.astype("float32")
