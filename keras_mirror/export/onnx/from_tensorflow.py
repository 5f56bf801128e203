import numpy as np

from keras_mirror.export.forward_model import INPUT_NAMES
from keras_mirror.optional import import_optional


def onnx_from_tensorflow(forward, opset: int):
    """Converts a model to an `onnx.ModelProto` where Keras runs on TensorFlow.

    It does what `keras.Model.export(format="onnx")` does, but also converts
    exact GELUs: with these, Keras 3.15 writes a file that no runtime loads,
    since tf2onnx 1.17 leaves TensorFlow's `Erfc` in it.

    Args:
        forward: A `keras.Model`, see `forward_model`.
        opset: Integer, a version of ONNX's operators.
    """
    import tensorflow as tf

    tf2onnx = import_optional("tf2onnx", extra="onnx")
    signature = [
        tf.TensorSpec((None, None), "int32", name=name) for name in INPUT_NAMES
    ]

    @tf.function(input_signature=signature)
    def embed(token_ids, padding_mask):
        inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
        return forward(inputs, training=False)

    proto, _ = tf2onnx.convert.from_function(
        embed,
        signature,
        opset=opset,
        custom_op_handlers={"Erfc": (_write_erfc, [])},
    )
    return proto


def _write_erfc(graph, node, name: str, arguments: list) -> None:
    """Writes `erfc(x)` as `1 - erf(x)`, for a conversion of tf2onnx."""
    node.type = "Erf"
    one = graph.make_const(f"{name}/one", np.float32(1))
    negative = graph.insert_new_node_on_output(
        "Neg", node.output[0], name=f"{name}/negative"
    )
    graph.insert_new_node_on_output(
        "Add",
        negative.output[0],
        inputs=[negative.output[0], one.output[0]],
        name=f"{name}/sum",
    )
