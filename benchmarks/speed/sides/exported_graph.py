"""The graph that the runtimes compute: PyTorch's, not the package's.

Transformers' model and the mean over real tokens, written by `torch.onnx` once
and kept in a folder, as users of ONNX Runtime and OpenVINO do it.
"""

import json
import pathlib
import warnings

DEFAULT_LENGTH = 50  # of keras_mirror, where a folder names no length


def sequence_length(weights):
    """Most tokens of a text, by the folder of the weights."""
    path = pathlib.Path(weights) / "sentence_bert_config.json"
    if not path.exists():
        return DEFAULT_LENGTH
    return json.loads(path.read_text())["max_seq_length"]


def exported_graph(weights, folder, attention="eager"):
    """The path of the ONNX file, which is written if it is not there.

    Args:
        attention: String, the form that the runtime is fastest with.
    """
    path = pathlib.Path(folder) / f"{attention}.onnx"
    if not path.exists():
        export(mean_pooled(weights, attention), path)
    return path


def quantized_graph(weights, folder):
    """The same with int8 weights, one scale per channel."""
    from onnxruntime import quantization

    path = pathlib.Path(folder) / "int8.onnx"
    if not path.exists():
        quantization.quantize_dynamic(
            exported_graph(weights, folder), path, per_channel=True
        )
    return path


def export(module, path):
    import torch

    axes = {0: "batch", 1: "length"}
    example = torch.ones(2, 7, dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example, example),
            path,
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes},
            opset_version=17,
            dynamo=False,
        )


def mean_pooled(weights, attention="sdpa"):
    """A PyTorch module from token ids and mask to vectors."""
    import torch
    import transformers

    class MeanPooled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.AutoModel.from_pretrained(
                weights,
                attn_implementation=attention,
                add_pooling_layer=False,
            )

        def forward(self, input_ids, attention_mask):
            tokens = self.model(input_ids, attention_mask).last_hidden_state
            mask = attention_mask[:, :, None].to(tokens.dtype)
            return (tokens * mask).sum(1) / mask.sum(1)

    return MeanPooled().eval()
