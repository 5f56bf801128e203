"""Trains alone and on several devices; prints how far apart they end.

KERAS_BACKEND=... python tests/train_on_replicas.py NUM_REPLICAS CASE...

A case is a JSON object of the recipe and its fields. Prints a JSON list: the
losses of both, the largest difference of weights, and whether replicas draw
the same dropout masks for the same texts.
"""

import contextlib
import functools
import json
import os
import pathlib
import pickle
import socket
import sys
import tempfile

NUM_REPLICAS = int(sys.argv[1])
CASES = [json.loads(case) for case in sys.argv[2:]]
BACKEND = os.environ["KERAS_BACKEND"]
if BACKEND == "jax":  # before JAX is imported
    flag = f"--xla_force_host_platform_device_count={NUM_REPLICAS}"
    os.environ["XLA_FLAGS"] = flag

import helpers  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

import keras_mirror  # noqa: E402
from keras_mirror.replicas import active_replicas  # noqa: E402

SAME = ["a man is playing a guitar on a stage"]


def train(case, scope=contextlib.nullcontext, seed=0):
    case = {"dropout": 0.0, "drophead": 0.0, **case}
    keras.utils.set_random_seed(seed)
    with scope():
        model = helpers.make_model(**case)
        model.compile(optimizer=keras.optimizers.SGD(0.1))
    batch_size = model.recipe.batch_size
    # Whoever looks at the first batch of an iterator takes an epoch's order:
    # with one order, and no spans, it does not matter which.
    dataset = keras_mirror.mirror_dataset(
        helpers.texts(5 * batch_size),
        model.preprocessor,
        batch_size,
        shuffle=False,
    )
    losses = helpers.batch_losses(model, dataset, epochs=1).tolist()
    losses.append(float(model.evaluate(dataset, verbose=0)))
    return model, losses, [weight.numpy() for weight in model.weights]


def embed_in_training(model):
    """Every replica embeds the same text, under its own dropout masks."""
    active_replicas().prepare(model)
    return model.encoder(model.preprocessor(SAME * 2), training=True)


@functools.cache  # a second one of a process fails (TensorFlow 2.21)
def mirrored_strategy():
    import tensorflow as tf

    names = [f"CPU:{number}" for number in range(NUM_REPLICAS)]
    return tf.distribute.MirroredStrategy(names)


def on_tensorflow(case):
    strategy = mirrored_strategy()
    model, losses, weights = train(case, strategy.scope)
    with strategy.scope():
        dropping = helpers.make_model(dropout=0.5)
    embeddings = strategy.run(lambda: embed_in_training(dropping))
    embeddings = strategy.experimental_local_results(embeddings)
    return losses, weights, [each.numpy() for each in embeddings]


def on_jax(case):
    devices = keras.distribution.list_devices()
    distribution = keras.distribution.DataParallel(devices=devices)
    with distribution.scope():
        model, losses, weights = train(case)
        dropping = helpers.make_model(dropout=0.5)
        features = dropping.preprocessor(SAME * NUM_REPLICAS)
        embeddings = np.asarray(dropping.encoder(features, training=True))
    return losses, weights, list(embeddings)


@functools.cache  # starting processes takes longer than all of the rest
def torch_results():
    import torch

    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as found:
            found.bind(("localhost", 0))
            port = str(found.getsockname()[1])
        torch.multiprocessing.spawn(
            torch_process, (port, CASES, folder), NUM_REPLICAS
        )
        paths = sorted(pathlib.Path(folder).glob("*.pickle"))
        return [pickle.loads(path.read_bytes()) for path in paths]


def torch_process(rank, port, cases, folder):
    import torch

    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=port)
    torch.distributed.init_process_group(
        "gloo", rank=rank, world_size=NUM_REPLICAS
    )
    results = []
    for case in cases:
        # Other weights in every process: the first one's must count.
        _, losses, weights = train(case, seed=rank)
        keras.utils.set_random_seed(0)
        dropping = helpers.make_model(dropout=0.5)
        embeddings = embed_in_training(dropping).detach().numpy()
        results.append((losses, weights, embeddings))
    path = pathlib.Path(folder) / f"{rank}.pickle"
    path.write_bytes(pickle.dumps(results))
    torch.distributed.destroy_process_group()


def on_torch(case):
    number = CASES.index(case)
    processes = [results[number] for results in torch_results()]
    losses, weights, _ = processes[0]
    for other_losses, other_weights, _ in processes[1:]:
        assert other_losses == losses
        for ours, theirs in zip(weights, other_weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    return losses, weights, [embeddings for *_, embeddings in processes]


def compare(case):
    _, losses, weights = train(case)
    on_replicas = {"tensorflow": on_tensorflow, "jax": on_jax}
    several = on_replicas.get(BACKEND, on_torch)(case)
    differences = [
        np.abs(ours - theirs).max()
        for ours, theirs in zip(weights, several[1], strict=True)
    ]
    embeddings = several[2]
    same = [np.allclose(embeddings[0], each) for each in embeddings[1:]]
    return {
        "losses": losses,
        "losses_on_replicas": several[0],
        "weights": float(max(differences)),
        "same_masks": any(same),
    }


def main():
    if BACKEND == "tensorflow":
        import tensorflow as tf

        (device,) = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * NUM_REPLICAS
        tf.config.set_logical_device_configuration(device, logical)
    print(json.dumps([compare(case) for case in CASES]))


if __name__ == "__main__":
    main()
