"""What a graph does not compute as Keras does is refused, not guessed."""

import functools

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers
from support import models

from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.forward.graph import forward_graph
from keras_mirror.forward.layers import UnsupportedLayerError
from keras_mirror.forward.preprocessor import ForwardPreprocessor
from keras_mirror.forward.tokenizer import ForwardTokenizer
from keras_mirror.layers import SentencePooling
from keras_mirror.preprocessing.prompts import Prompts

IDS = np.array([[3, 1, 2, 0], [1, 1, 0, 0], [0, 0, 0, 0]], "int32")


class OwnDense(layers.Dense):
    """Computes something else."""

    def call(self, inputs):
        return 2 * super().call(inputs)


class OwnEncoder(SentenceEncoder):
    """Computes something else."""

    def call(self, inputs, *args, **kwargs):
        return 2 * super().call(inputs, *args, **kwargs)


def relu(inputs):
    return 2 * keras.activations.relu(inputs)


def encoder_of(end):
    """A functional encoder whose tokens go through a function."""
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "padding_mask")
    }
    tokens = layers.Embedding(5, 4)(inputs["token_ids"])
    return keras.Model(inputs, end(tokens, inputs["padding_mask"]))


def first(tokens, _):
    return tokens[:, 0, :]


def transformer(**settings):
    return keras_hub.layers.TransformerEncoder(8, 2, **settings)


@pytest.mark.parametrize(
    "end",
    [
        first,
        lambda tokens, mask: transformer()(tokens, mask)[:, 0, :],
        lambda tokens, mask: SentencePooling("mean")(tokens, mask),
        lambda tokens, mask: SentencePooling("max")(tokens, mask),
        lambda tokens, _: layers.Dense(3, use_bias=False)(tokens)[:, 0, :],
        lambda tokens, _: layers.Average()([tokens, tokens])[:, 0, :],
    ],
)
def test_own_model_of_known_layers(end):
    encoder = encoder_of(end)
    inputs = {"token_ids": IDS, "padding_mask": (IDS > 0).astype("int32")}
    # Of a text without tokens, only a mean says what it is.
    graph = _compiled(forward_graph(encoder))
    expected = keras.ops.convert_to_numpy(encoder(inputs))
    np.testing.assert_allclose(
        graph(inputs)["embeddings"][:2], expected[:2], atol=1e-6
    )


def test_mean_of_no_tokens_is_zero():
    encoder = encoder_of(lambda *inputs: SentencePooling("mean")(*inputs))
    nothing = {"token_ids": IDS, "padding_mask": 0 * IDS}
    graph = _compiled(forward_graph(encoder))
    np.testing.assert_array_equal(graph(nothing)["embeddings"], 0)


def _compiled(graph):
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return openvino.compile_model(graph, "CPU", settings)


@pytest.mark.parametrize(
    "end, told",
    [
        (lambda tokens, _: tokens[:, 1, :], "GetItem of"),
        (lambda tokens, _: keras.ops.mean(tokens, axis=1), "Mean in None"),
        (lambda tokens, _: OwnDense(3)(tokens)[:, 0, :], "OwnDense in float32"),
        (
            lambda tokens, _: layers.Dense(3, layers.LeakyReLU())(tokens)[
                :, 0, :
            ],
            "Functional",
        ),
        (lambda tokens, _: layers.Dense(3, "elu")(tokens)[:, 0, :], "elu"),
        (lambda tokens, _: layers.Dense(3, relu)(tokens)[:, 0, :], "relu"),
        (
            lambda tokens, _: layers.Dense(
                3, functools.partial(keras.activations.elu, alpha=0.1)
            )(tokens)[:, 0, :],
            "activation",
        ),
        (
            lambda tokens, _: layers.LayerNormalization(center=False)(tokens)[
                :, 0, :
            ],
            "LayerNormalization",
        ),
        (
            lambda tokens, mask: transformer(normalize_first=True)(
                tokens, mask
            )[:, 0, :],
            "normalize_first",
        ),
        (lambda tokens, _: transformer()(tokens)[:, 0, :], "padding_mask"),
    ],
)
def test_refused(end, told):
    with pytest.raises(UnsupportedLayerError, match=told):
        forward_graph(encoder_of(end))


@pytest.mark.parametrize("mode, has_lora", [("int4", False), ("int8", True)])
def test_weights_kept_otherwise_are_refused(mode, has_lora):
    encoder = encoder_of(lambda tokens, _: layers.Dense(4)(tokens)[:, 0, :])
    dense = next(x for x in encoder.layers if isinstance(x, layers.Dense))
    dense.quantize(mode)
    if has_lora:
        dense.enable_lora(2)
    with pytest.raises(UnsupportedLayerError, match=f"Dense in {mode}"):
        forward_graph(encoder)


def test_norm_over_another_axis_is_refused():
    encoder = encoder_of(
        lambda *inputs: layers.LayerNormalization()(
            SentencePooling("mean")(*inputs)
        )
    )
    encoder.layers[-1].axis = [0]
    with pytest.raises(UnsupportedLayerError, match="LayerNormalization"):
        forward_graph(encoder)


def test_own_class_of_encoder_is_refused():
    encoder = OwnEncoder(models.make_backbone(vocabulary_size=9))
    with pytest.raises(UnsupportedLayerError, match="OwnEncoder"):
        forward_graph(encoder)


@pytest.mark.parametrize("takes", [dict, list])
def test_model_of_other_inputs_is_refused(takes):
    ids = keras.Input((None,), dtype="int32", name="ids")
    tokens = layers.Embedding(5, 4)(ids)
    inputs = {"ids": ids} if takes is dict else [ids]
    with pytest.raises(UnsupportedLayerError, match="ids|list"):
        forward_graph(keras.Model(inputs, tokens[:, 0, :]))


def test_model_without_a_padding_mask():
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    embedding = layers.Embedding(5, 4)
    encoder = keras.Model({"token_ids": ids}, embedding(ids)[:, 0, :])
    graph = forward_graph(encoder)
    table = keras.ops.convert_to_numpy(embedding.embeddings)
    inputs = {"token_ids": IDS, "padding_mask": 0 * IDS}
    np.testing.assert_allclose(
        _compiled(graph)(inputs)["embeddings"], table[IDS[:, 0]], atol=1e-6
    )


def test_texts_without_any_token():
    model = models.make_model(pooling_mode="mean")
    kept = ForwardTokenizer.of(model.preprocessor)
    bare = ForwardTokenizer(kept.content, [], [], 0, False, [])
    preprocessor = ForwardPreprocessor(bare, 6, False, Prompts())
    graph = forward_graph(model.encoder)
    encoder = ForwardEncoder(graph, preprocessor, "0" * 16)
    embeddings = encoder.encode_text(["", "a man"])
    np.testing.assert_array_equal(embeddings[0], 0)
