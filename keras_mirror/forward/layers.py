"""Translates layers of Keras and keras-hub to nodes of OpenVINO."""

import functools
import math
from collections.abc import Callable

import keras
import keras_hub
import numpy as np
from keras import ops

from keras_mirror.encoder.backbone_settings import activation_name
from keras_mirror.layers import Centering
from keras_mirror.layers import Projection
from keras_mirror.layers import SentencePooling
from keras_mirror.layers import TokenWeights
from keras_mirror.layers import Whitening
from keras_mirror.optional import import_optional

# Far below any score, but within bfloat16 after OpenVINO adds scores to it.
_LOWEST = -1e9


class UnsupportedLayerError(ValueError):
    """A layer is not supported."""


class LayerGraphs:
    """Makes nodes of OpenVINO for the layers of an encoder.

    Dropout is left out. A layer whose class is not in the list, or that
    computes in half precision, is refused, so a graph always gives the vectors
    of Keras.
    """

    def __init__(self) -> None:
        self.nodes = import_optional("openvino.opset15", extra="openvino")
        layers, hub = keras.layers, keras_hub.layers
        self._graphs: dict[type, Callable] = {
            layers.Add: self._add,
            layers.Average: self._average,
            layers.Dense: self._dense,
            layers.Dropout: lambda layer, inputs, training=None: inputs,
            layers.Embedding: self._embedding,
            layers.LayerNormalization: self._layer_norm,
            hub.PositionEmbedding: self._positions,
            layers.ReversibleEmbedding: self._embedding,
            hub.ReversibleEmbedding: self._embedding,
            hub.TokenAndPositionEmbedding: self._tokens_and_positions,
            hub.TransformerEncoder: self._transformer,
            Centering: self._centering,
            Projection: self._times_kernel,
            SentencePooling: self._pooling,
            TokenWeights: self._token_weights,
            Whitening: self._times_kernel,
        }

    def graph_of(self, layer) -> Callable:
        """The function that makes the nodes of a layer.

        Args:
            layer: A layer or an operation in a functional Keras model.

        Returns:
            A function from input nodes to the output node, with the arguments
            of a call of the layer.

        Raises:
            UnsupportedLayerError: The layer is not supported.
        """
        name = type(layer).__name__
        if _is_functional(layer):
            return lambda inputs, **_: run_nodes(layer, inputs, self.graph_of)
        if name == "ZerosLike":
            return lambda inputs: self.nodes.multiply(inputs, np.int32(0))
        if name == "GetItem":
            return self._item
        graph = self._graphs.get(type(layer))
        # An operation that is not a layer has no dtype.
        dtype = getattr(layer, "compute_dtype", None)
        if graph is None or dtype != "float32":
            raise UnsupportedLayerError(f"{name} in {dtype}")
        return lambda *inputs, **named: graph(layer, *inputs, **named)

    # === Embeddings ===

    def _embedding(self, layer, token_ids):
        return self.nodes.gather(_table(layer), token_ids, np.int64(0))

    def _positions(self, layer, tokens):
        shape = self.nodes.shape_of(tokens, "i64")
        length = self.nodes.gather(shape, _axes(1), np.int64(0))
        table = _array(layer.position_embeddings)
        return self.nodes.slice(table, _axes(0), length, _axes(1), _axes(0))

    def _tokens_and_positions(self, layer, token_ids):
        tokens = self._embedding(layer.token_embedding, token_ids)
        positions = self._positions(layer.position_embedding, tokens)
        return self.nodes.add(tokens, positions)

    # === Attention and dense layers ===

    def _transformer(self, layer, inputs, padding_mask):
        if layer.normalize_first:
            raise UnsupportedLayerError("TransformerEncoder(normalize_first)")
        add = self.nodes.add
        attended = self._attention(
            layer._self_attention_layer, inputs, padding_mask
        )
        normed = self._layer_norm(
            layer._self_attention_layer_norm, add(attended, inputs)
        )
        inner = self._dense(layer._feedforward_intermediate_dense, normed)
        outer = self._dense(layer._feedforward_output_dense, inner)
        return self._layer_norm(
            layer._feedforward_layer_norm, add(outer, normed)
        )

    def _attention(self, layer, inputs, padding_mask):
        heads = [
            self._heads(dense, inputs)
            for dense in (
                layer._query_dense,
                layer._key_dense,
                layer._value_dense,
            )
        ]
        attended = self.nodes.scaled_dot_product_attention(
            *heads, self._attention_mask(padding_mask)
        )
        attended = self.nodes.transpose(attended, _axes(0, 2, 1, 3))
        width = math.prod(layer._output_dense.kernel.shape[:2])
        attended = self.nodes.reshape(attended, _axes(0, 0, width), True)
        return self._dense(layer._output_dense, attended, num_axes=2)

    def _heads(self, dense, inputs):
        outputs = self._dense(dense, inputs)
        shape = _axes(0, 0, *dense.kernel.shape[1:])
        outputs = self.nodes.reshape(outputs, shape, True)
        return self.nodes.transpose(outputs, _axes(0, 2, 1, 3))

    def _attention_mask(self, padding_mask):
        """0 for real tokens and the lowest number for padding."""
        mask = self.nodes.convert(padding_mask, "f32")
        mask = self.nodes.unsqueeze(mask, _axes(1, 2))
        mask = self.nodes.subtract(np.float32(1), mask)
        return self.nodes.multiply(mask, np.float32(_LOWEST))

    def _dense(self, layer, inputs, num_axes: int = 1):
        kernel = _matrix(layer, num_axes)
        outputs = self.nodes.matmul(inputs, kernel, False, False)
        if layer.bias is not None:
            bias = _array(layer.bias).reshape(-1)
            outputs = self.nodes.add(outputs, bias)
        return self._activated(layer.activation, outputs)

    def _activated(self, function, inputs):
        name = activation_name(function)
        known = {
            "gelu": lambda: self.nodes.gelu(inputs, "ERF"),
            "gelu_approximate": lambda: self.nodes.gelu(inputs, "TANH"),
            "linear": lambda: inputs,
            "relu": lambda: self.nodes.relu(inputs),
            "tanh": lambda: self.nodes.tanh(inputs),
        }
        if name not in known or not _is_of_keras(function, name):
            raise UnsupportedLayerError(f"activation {name}")
        return known[name]()

    def _layer_norm(self, layer, inputs):
        is_plain = layer.scale and layer.center and not layer.rms_scaling
        if not is_plain or layer.axis != [-1]:
            raise UnsupportedLayerError("LayerNormalization")
        normed = self.nodes.mvn(
            inputs, _axes(-1), True, layer.epsilon, "INSIDE_SQRT"
        )
        scaled = self.nodes.multiply(normed, _array(layer.gamma))
        return self.nodes.add(scaled, _array(layer.beta))

    # === Pooling and what follows it ===

    def _pooling(self, layer, tokens, padding_mask, token_weights=None):
        nodes, mode = self.nodes, layer.pooling_mode
        if mode == "cls":
            return self._first(tokens)
        if mode == "padded_mean":
            return nodes.reduce_mean(tokens, _axes(1))
        is_real = nodes.convert(padding_mask, "f32")
        if mode == "max":
            lowest = nodes.multiply(
                nodes.subtract(np.float32(1), is_real), np.float32(_LOWEST)
            )
            lowest = nodes.unsqueeze(lowest, _axes(2))
            return nodes.reduce_max(nodes.add(tokens, lowest), _axes(1))
        weights = is_real if token_weights is None else token_weights
        weights = nodes.unsqueeze(weights, _axes(2))
        total = nodes.reduce_sum(weights, _axes(1))
        summed = nodes.reduce_sum(nodes.multiply(tokens, weights), _axes(1))
        return nodes.divide(summed, nodes.maximum(total, np.float32(1e-12)))

    def _token_weights(self, layer, token_ids, padding_mask):
        counts = _array(layer.counts)
        frequencies = counts / max(counts.sum(), 1)
        weights = layer.smoothing / (layer.smoothing + frequencies)
        weights = self.nodes.gather(np.float32(weights), token_ids, np.int64(0))
        mask = self.nodes.convert(padding_mask, "f32")
        return self.nodes.multiply(weights, mask)

    def _centering(self, layer, embeddings):
        return self.nodes.subtract(embeddings, _array(layer.mean))

    def _times_kernel(self, layer, embeddings):
        kernel = _array(layer.kernel)
        return self.nodes.matmul(embeddings, kernel, False, False)

    # === Small parts ===

    def _item(self, tokens, key):
        if key != (slice(None), 0, slice(None)):  # a pooler's first token
            raise UnsupportedLayerError(f"GetItem of {key}")
        return self._first(tokens)

    def _first(self, tokens):
        return self.nodes.gather(tokens, np.int64(0), np.int64(1))

    def _add(self, layer, inputs):
        first, *others = inputs
        for other in others:
            first = self.nodes.add(first, other)
        return first

    def _average(self, layer, inputs):
        total = self._add(layer, inputs)
        return self.nodes.divide(total, np.float32(len(inputs)))


def run_nodes(model, inputs, graph_of: Callable):
    """Runs a functional Keras model with other functions in place of layers.

    Args:
        model: A functional `keras.Model`.
        inputs: The inputs, in the structure of the model's inputs.
        graph_of: Function from a layer to the function to call instead.

    Returns:
        The outputs, in the structure of the model's outputs.

    Raises:
        TypeError, KeyError: The model has other inputs.
    """
    expected = model._inputs_struct
    if isinstance(inputs, dict) != isinstance(expected, dict):
        raise TypeError(f"inputs in a {type(expected).__name__}")
    if isinstance(inputs, dict):  # Keras would match them by order
        inputs = {name: inputs[name] for name in expected}
    return model._run_through_graph(inputs, operation_fn=graph_of)


def _is_functional(layer) -> bool:
    """Whether a call of a model runs its graph and nothing else."""
    classes = type(layer).__mro__
    owner = next((each for each in classes if "call" in vars(each)), None)
    return owner is not None and owner.__name__ == "Functional"


def _is_of_keras(function: Callable, name: str) -> bool:
    """Whether an activation is Keras's, not a user's of the same name."""
    if isinstance(function, functools.partial):
        gelu, settings = keras.activations.gelu, {"approximate": True}
        return (function.func, function.keywords) == (gelu, settings)
    if name == "gelu_approximate":
        return function.__module__.startswith("keras_hub.")
    return function is keras.activations.get(name)


def _axes(*numbers: int):
    return np.array(numbers, "int64")


def _array(weight):
    return ops.convert_to_numpy(weight).astype("float32")


def _matrix(layer, num_axes: int):
    """The kernel of a dense layer, `(num_inputs, num_outputs)`."""
    kernel = _array(layer.kernel)
    kernel = kernel.reshape(math.prod(kernel.shape[:num_axes]), -1)
    if _is_int8(layer):
        kernel = kernel / _array(layer.kernel_scale).reshape(-1)
    return kernel


def _table(layer):
    table = _array(layer.embeddings)
    if _is_int8(layer):
        table = table / _array(layer.embeddings_scale)[:, np.newaxis]
    return table


def _is_int8(layer) -> bool:
    mode = layer.quantization_mode
    if mode not in (None, "int8") or (mode and layer.lora_enabled):
        raise UnsupportedLayerError(f"{type(layer).__name__} in {mode}")
    return mode == "int8"
