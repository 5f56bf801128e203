"""An encoder as a graph that OpenVINO runs, without a training framework."""

import numpy as np

from keras_mirror.optional import import_optional

INPUT_NAMES = ("token_ids", "padding_mask")
OUTPUT_NAME = "embeddings"


def forward_graph(encoder):
    """The graph of an encoder: token ids in, embeddings out, any shape.

    It is built from the layers' weights and settings, node by node, on any
    backend, and computes what the encoder computes in inference.

    Args:
        encoder: A `SentenceEncoder`, of BERT, RoBERTa, XLM-R, DistilBERT,
            ELECTRA or ALBERT, that computes in float32.

    Returns:
        An `openvino.Model` with the int32 inputs `"token_ids"` and
        `"padding_mask"` and the float32 output `"embeddings"`.

    Raises:
        UnsupportedLayerError: A layer is not supported.
        ImportError: OpenVINO is missing.

    Example:

    >>> graph = forward_graph(model.encoder)
    >>> [node.any_name for node in graph.outputs]
    ['embeddings']
    """
    # Imported late: it needs Keras, while reading a cached graph does not.
    from keras_mirror.forward.layers import LayerGraphs
    from keras_mirror.forward.layers import UnsupportedLayerError

    openvino = import_optional("openvino", extra="openvino")
    graphs = LayerGraphs()
    inputs = {
        name: graphs.nodes.parameter([-1, -1], np.int32, name=name)
        for name in INPUT_NAMES
    }
    try:
        outputs = graphs.graph_of(encoder)(inputs)
    # A user's own model has other inputs, or calls layers differently.
    except (AttributeError, KeyError, TypeError) as error:
        name = type(encoder).__name__
        raise UnsupportedLayerError(f"{name}: {error}") from error
    parameters = list(inputs.values())
    graph = openvino.Model([outputs.output(0)], parameters, "encoder")
    for name, parameter in inputs.items():
        parameter.output(0).set_names({name})
    graph.output(0).set_names({OUTPUT_NAME})
    return graph
