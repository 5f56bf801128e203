"""Losses, gradients and outputs to compare with."""

import functools

import keras
import numpy as np


def token_vectors(backbone, features):
    """A backbone's output for every token, in NumPy."""
    features = {**features, "segment_ids": 0 * features["token_ids"]}
    outputs = backbone({name: features[name] for name in backbone.input})
    if isinstance(outputs, dict):
        outputs = outputs["sequence_output"]
    return keras.ops.convert_to_numpy(outputs)


class Batches(keras.utils.PyDataset):
    """The given batches of views, the same ones in each epoch."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def batch_losses(model, dataset, **options):
    """Fits and gives the loss of every step, not Keras's running mean."""
    means = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: means.append(float(logs["loss"]))
    )
    model.fit(dataset, verbose=0, callbacks=[record], **options)
    totals = [mean * step for step, mean in enumerate(means, start=1)]
    return np.diff(totals, prepend=0.0)


def reference_loss(view_1, view_2, temperature):
    """The loss of the original code, by the library that it calls."""
    import pytorch_metric_learning.losses
    import torch

    embeddings = np.concatenate([view_1, view_2])
    labels = torch.arange(len(view_1)).repeat(2)
    loss = pytorch_metric_learning.losses.NTXentLoss(temperature)
    return float(loss(torch.tensor(embeddings), labels))


def value_and_gradients(function, *arrays, **options):
    """A scalar function and its gradients in NumPy, by the active backend."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        inputs = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs, **options)
        gradients = tape.gradient(value, inputs)
    elif backend == "jax":
        compute = compiled_value_and_gradients(function, len(arrays))
        value, gradients = compute(*arrays, **options)
    else:
        import torch

        inputs = [torch.tensor(array, requires_grad=True) for array in arrays]
        value = function(*inputs, **options)
        value.backward()
        gradients = [tensor.grad for tensor in inputs]
    to_numpy = keras.ops.convert_to_numpy
    return to_numpy(value), [to_numpy(gradient) for gradient in gradients]


@functools.cache
def compiled_value_and_gradients(function, num_arrays):
    # Op by op JAX compiles every op of every shape: a minute of tests.
    import jax

    argnums = tuple(range(num_arrays))
    return jax.jit(jax.value_and_grad(function, argnums))


def graph_ops(function, *arguments):
    """The kinds of all ops of a TensorFlow function, inner ones included."""
    import tensorflow as tf

    graph = tf.function(function).get_concrete_function(*arguments).graph
    definition = graph.as_graph_def()
    inner = [node for f in definition.library.function for node in f.node_def]
    return {node.op for node in [*definition.node, *inner]}
