"""What every replica does, and one device alone: see train_on_replicas.py."""

import contextlib

import keras
import numpy as np

import keras_mirror
from keras_mirror.data import collect_strings
from keras_mirror.distribution import active_replicas
from keras_mirror.guide import Guide
from keras_mirror.losses import info_nce
from keras_mirror.unit_rows import unit_rows
from support import models
from support import references
from support import texts as corpora

METRICS = ["alignment", "uniformity"]
SAME = ["a man is playing a guitar on a stage"]


def train(case, scope=contextlib.nullcontext, seed=0):
    """Five steps; gives the model, what it logged, and its weights."""
    keras.utils.set_random_seed(seed)
    with scope():
        model = make_model(case)
        model.compile(keras.optimizers.SGD(0.1), metrics=METRICS)
    dataset = make_dataset(model)
    losses = references.batch_losses(model, dataset, epochs=1).tolist()
    losses += model.evaluate(dataset, verbose=0)
    return model, losses, [weight.numpy() for weight in model.weights]


def make_model(case):
    return models.make_model(**{"dropout": 0.0, "drophead": 0.0, **case})


def make_dataset(model):
    batch_size = model.recipe.batch_size
    corpus = collect_strings(corpora.texts(5 * batch_size))
    guide = None
    if model.recipe.is_guided:  # the same for all, whoever trains
        rows = np.random.default_rng(2).normal(size=(5 * batch_size, 8))
        embeddings = unit_rows(rows).astype("float16")
        guide = Guide(corpus, [embeddings], model.recipe)
    return keras_mirror.mirror_dataset(
        corpus,
        model.preprocessor,
        batch_size,
        shuffle=model.recipe.group_by_length,
        seed=1,
        guide=guide,
    )


def first_losses(case, num_replicas):
    """Of the first batch: with all negatives, and with those of a replica."""
    keras.utils.set_random_seed(0)
    model = make_model(case)
    dataset = make_dataset(model)
    views = next(iter(dataset))
    embeddings = [keras.ops.convert_to_numpy(model(view)) for view in views]
    parts = [np.array_split(view, num_replicas) for view in embeddings]
    temperature = model.recipe.temperature
    local = [
        float(info_nce(*part, temperature)) for part in zip(*parts, strict=True)
    ]
    return float(info_nce(*embeddings, temperature)), np.mean(local)


def dropping_model():
    keras.utils.set_random_seed(0)
    return models.make_model(dropout=0.5)


def embed_same_text(model):
    """Every replica embeds the same text, under its own dropout masks."""
    active_replicas().prepare(model)
    return model.encoder(model.preprocessor(SAME * 2), training=True)
