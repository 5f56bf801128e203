"""Inputs and models for the tests of exported files."""

import warnings

import keras
import numpy as np

import keras_mirror
from keras_mirror.export.backends import EXPORT_BACKENDS
from support import models as tiny_models

BACKEND = keras.backend.backend()
# Batch sizes and lengths: 1, which converters like to fix, and the longest.
SHAPES = [(1, 1), (1, 5), (7, 2), (3, 24), (2, 64)]
TEXTS = [
    "a man is playing",
    "",
    "café ",
    "a cat sleeps. " * 9,  # longer than `sequence_length`
    "naïve ß ™ ΣΣ \u200b x\ty",
    "雪の中 😀",
    "a [MASK] </s> <mask> man [SEP]",
]


def cannot_write(format):
    """The arguments of a `skipif` mark."""
    able = EXPORT_BACKENDS[format]
    reason = f"{format} is written on {' and '.join(able)} only"
    return {"condition": BACKEND not in able, "reason": reason}


def make_wide_model():
    """With weights that are more than what is written around them."""
    recipe = keras_mirror.recipes.get_recipe(
        "paper_sentence", sequence_length=24
    )
    tokenizer = tiny_models.tokenizer("Bert")
    backbone = tiny_models.make_backbone(
        "Bert",
        tokenizer.vocabulary_size(),
        hidden_dim=128,
        intermediate_dim=1024,
    )
    return keras_mirror.MirrorModel(
        keras_mirror.SentenceEncoder(backbone, "mean"),
        keras_mirror.MirrorPreprocessor(tokenizer, recipe.sequence_length),
        recipe.for_backbone(backbone),
    )


def make_model(family="Bert", recipe="sentence", **overrides):
    """As after training: without it, token weights and biases are alike."""
    model = tiny_models.make_model(family, recipe, **overrides)
    generator = np.random.default_rng(0)
    for weight in model.encoder.weights:
        if weight.trainable and len(weight.shape) == 1:
            weight.assign(weight + generator.normal(0, 0.1, weight.shape))
    if model.encoder.token_weights is not None:
        counts = model.encoder.token_weights.counts
        counts.assign(np.arange(counts.shape[0])[::-1])
    return model


def features(num_texts, length):
    """Token ids, and padding of another length in every row."""
    generator = np.random.default_rng(num_texts)
    token_ids = generator.integers(0, 100, (num_texts, length), "int32")
    lengths = np.maximum(1, length - np.arange(num_texts))
    padding_mask = np.arange(length) < lengths[:, None]
    return {
        "token_ids": token_ids,
        "padding_mask": padding_mask.astype("int32"),
    }


def check_vectors(model, encode, normalize=False, atol=1e-5):
    """Whether `encode` gives what the encoder gives, for every shape."""
    for shape in SHAPES:
        inputs = features(*shape)
        with warnings.catch_warnings():
            # Keras: a softmax over one token gives 1.
            warnings.simplefilter("ignore", UserWarning)
            expected = keras.ops.convert_to_numpy(model.encoder(inputs))
        if normalize:
            norms = np.linalg.norm(expected, axis=-1, keepdims=True)
            expected = expected / norms
        np.testing.assert_allclose(encode(inputs), expected, atol=atol)
