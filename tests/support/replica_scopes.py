"""How a program meets its other devices, by backend, as `docs/scale.md` says.

Each of these is a tuple of a context to make and compile a model in, and a
function that embeds one text on every replica, as many arrays.
"""

import contextlib
import functools
import json
import os

import keras
import numpy as np

from keras_mirror.distribution import active_replicas
from support.replica_training import SAME
from support.replica_training import dropping_model
from support.replica_training import embed_same_text


def jax_devices():
    return _jax()


def jax_process(rank, ports):
    addresses = f"localhost:{ports[0]}"
    keras.distribution.initialize(addresses, len(ports), rank)
    return _jax()


def tensorflow_devices(number):
    import tensorflow as tf

    (device,) = tf.config.list_physical_devices("CPU")
    logical = [tf.config.LogicalDeviceConfiguration()] * number
    tf.config.set_logical_device_configuration(device, logical)
    names = [f"CPU:{index}" for index in range(number)]
    return _tensorflow(tf.distribute.MirroredStrategy(names))


def tensorflow_process(rank, ports):
    workers = [f"localhost:{port}" for port in ports]
    task = {"type": "worker", "index": rank}
    config = {"cluster": {"worker": workers}, "task": task}
    os.environ["TF_CONFIG"] = json.dumps(config)
    import tensorflow as tf

    return _tensorflow(tf.distribute.MultiWorkerMirroredStrategy())


def torch_process(rank, ports):
    import torch

    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(ports[0]))
    torch.distributed.init_process_group(
        "gloo", rank=rank, world_size=len(ports)
    )

    def embed():
        return embed_same_text(dropping_model()).detach().numpy()[None]

    return contextlib.nullcontext, embed


def _jax():
    import jax

    distribution = keras.distribution.DataParallel()
    keras.distribution.set_distribution(distribution)
    number = distribution.num_model_replicas

    def rows(model, *state):
        features = model.preprocessor(SAME * number)
        (features,) = active_replicas().shard([features])
        embeddings, _ = model.encoder.stateless_call(
            *state, features, training=True
        )
        # In one place again, so that every process can read all of it.
        mesh = distribution.device_mesh
        layout = keras.distribution.TensorLayout((None, None), mesh)
        return keras.distribution.distribute_tensor(embeddings, layout)

    @jax.jit
    def split(features):
        return active_replicas().shard([features])[0]["token_ids"]

    def check_split(features):
        # Were it not, every device would compute all, and as correctly.
        token_ids = split(features)
        assert token_ids.sharding.shard_shape(token_ids.shape)[0] == 1

    def embed():
        model = dropping_model()
        encoder = model.encoder
        state = encoder.trainable_variables, encoder.non_trainable_variables
        values = [[v.value for v in variables] for variables in state]
        compiled = jax.jit(functools.partial(rows, model))
        check_split(model.preprocessor(SAME * number))
        return np.asarray(compiled(*values))

    return contextlib.nullcontext, embed


def _tensorflow(strategy):
    def embed():
        with strategy.scope():
            model = dropping_model()
        embeddings = strategy.run(lambda: embed_same_text(model))
        # Of this process only, as PyTorch's; JAX's are those of all.
        embeddings = strategy.experimental_local_results(embeddings)
        return np.stack([each.numpy() for each in embeddings])

    return strategy.scope, embed
