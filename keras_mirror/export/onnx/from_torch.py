from keras import ops

from keras_mirror.export.forward_model import INPUT_NAMES
from keras_mirror.optional import import_optional


def onnx_from_torch(forward, opset: int, max_length: int | None):
    """Converts a model to an `onnx.ModelProto` where Keras runs on PyTorch.

    `keras.Model.export(format="onnx")` of Keras 3.15 uses PyTorch's older
    exporter, which cannot follow shapes that are not fixed.

    Args:
        forward: A `keras.Model`, see `forward_model`.
        opset: Integer, a version of ONNX's operators.
        max_length: Integer, the maximum number of tokens, or `None`.

    Raises:
        ValueError: PyTorch cannot follow the model's shapes (DeBERTa-v3).
    """
    import torch

    import_optional("onnxscript", extra="onnx")
    # Two tensors, since the same tensor given twice would become one input.
    # Their sizes differ and are not 1, which PyTorch would treat as fixed.
    example = tuple(ops.ones((2, 3), "int32") for _ in INPUT_NAMES)
    dimension = torch.export.Dim
    shape = {0: dimension("batch"), 1: dimension("length", max=max_length)}
    try:
        with torch.no_grad():
            program = torch.onnx.export(
                _with_two_inputs(forward),
                example,
                opset_version=opset,
                dynamic_shapes=[shape for _ in INPUT_NAMES],
                input_names=list(INPUT_NAMES),
                output_names=["embeddings"],
                custom_translation_table={torch.ops.aten.squeeze.dim: _squeeze},
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = " ".join(str(error.__cause__ or error).split())[:300]
        raise ValueError(
            f"PyTorch cannot convert this model to ONNX: {reason}. Try "
            "KERAS_BACKEND=tensorflow"
        ) from error
    return program.model_proto  # type: ignore[union-attr]  # never None here


def _with_two_inputs(forward):
    import torch

    class TwoInputs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.forward_model = forward

        def forward(self, token_ids, padding_mask):
            inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
            outputs = self.forward_model(inputs, training=False)
            return outputs["embeddings"]

    return TwoInputs().eval()


def _squeeze(tensor, dim):
    """PyTorch's `squeeze`, which keeps an axis whose size is not 1.

    PyTorch 2.13 would write ONNX's Squeeze, which fails on such an axis. Keras
    3.15 squeezes the result of `ops.take` from a vector.
    """
    from onnxscript import opset18

    if tensor.shape[dim] == 1:
        return opset18.Squeeze(tensor, [dim])  # type: ignore[arg-type]
    return opset18.Identity(tensor)
