"""Who encodes: one row of a table, and its program."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Side:
    """A program of `sides`, and how it is called.

    Args:
        name: String, the row's.
        script: String.
        backend: String, for `KERAS_BACKEND`.
        precision: `"float32"`, `"bfloat16"` or `"int8"`: of its products.
        options: Tuple of strings, more arguments.
        rounds: Integer, the most rounds.
    """

    name: str
    script: str
    backend: str | None = None
    precision: str = "float32"
    options: tuple = ()
    rounds: int = 100


BASELINE = Side("sentence_transformers", "encode_sentence_transformers.py")
RUNTIMES = (
    Side("onnxruntime", "encode_onnxruntime.py"),
    Side("openvino", "encode_openvino.py"),
    Side("torch.compile", "encode_torch_compile.py"),
)
# Minutes a round, and far from the others.
KERAS_HUB = Side("keras_hub", "encode_keras_hub.py", "tensorflow", rounds=1)
LESS_PRECISE = (
    Side("onnxruntime", "encode_onnxruntime.py", precision="int8"),
    Side("openvino", "encode_openvino.py", precision="bfloat16"),
)


def ours(backends, precisions=("float32",)):
    """The rows of this package; a new way to encode is one more here."""
    forward = [*precisions, "int8"] if len(precisions) > 1 else precisions
    return [
        Side("keras_mirror, forward", "encode_forward.py", "torch", kind)
        for kind in forward
    ] + [
        Side(f"keras_mirror {backend}", "encode_keras_mirror.py", backend, kind)
        for backend in backends
        for kind in precisions
    ]
