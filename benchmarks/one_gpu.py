"""An epoch of BERT-base in bfloat16 on one device: seconds, and their share.

KERAS_BACKEND=jax python benchmarks/one_gpu.py CORPUS

The weights are random, which does not matter for speed, and the tokenizer is
the bundled one. Every width of a batch is compiled in the first epoch; the
second one counts. The share is the time that the arithmetic of the real tokens
needs at the measured rate of a product of large matrices.
"""

import argparse
import time

import keras
import keras_hub
import numpy as np
from keras import ops
from rich.console import Console
from rich.table import Table
from speed.sides.arithmetic import forward_flops
from speed.sides.arithmetic import num_real_tokens

import keras_mirror
from keras_mirror.data import collect_strings
from keras_mirror.data import read_texts
from keras_mirror.presets.load_preset import PresetParts
from keras_mirror.presets.load_preset import assemble


class EpochClock(keras.callbacks.Callback):
    """Seconds of every epoch."""

    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        float(logs["loss"])  # waits for the last step
        self.seconds.append(time.perf_counter() - self.start)


def main():
    arguments = parse_arguments()
    model = make_model(arguments)
    strings = collect_strings(read_texts(arguments.corpus)).strings
    model.compile()
    clock = EpochClock()
    options = {"epochs": 2, "verbose": 0, "callbacks": [clock]}
    model.fit(strings, batch_size=arguments.batch_size, **options)
    first, second = clock.seconds
    rate = matrix_rate(arguments.matrix_size, model.compute_dtype)
    num_tokens = num_real_tokens(model, strings)
    # Backward is twice forward.
    flops = 3 * forward_flops(model.encoder.backbone, num_tokens)
    share = flops / rate / second
    table = Table("device", "first epoch, s", "epoch, s", "TFLOP/s", "share")
    cells = [first, second, rate / 1e12, 100 * share]
    table.add_row(device_name(), *(f"{cell:.1f}" for cell in cells))
    Console(width=100).print(table)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--dtype-policy", default="mixed_bfloat16")
    parser.add_argument("--num-layers", type=int, default=12)
    parser.add_argument("--hidden-dim", type=int, default=768)
    parser.add_argument("--matrix-size", type=int, default=8192)
    return parser.parse_args()


def make_model(arguments):
    tokenizer = keras_mirror.MirrorModel.from_preset().preprocessor.tokenizer
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=arguments.num_layers,
        num_heads=arguments.hidden_dim // 64,
        hidden_dim=arguments.hidden_dim,
        intermediate_dim=4 * arguments.hidden_dim,
        dtype=arguments.dtype_policy,
    )
    parts = PresetParts(backbone, tokenizer)
    return keras_mirror.MirrorModel(*assemble(parts, "sentence", {}))


def matrix_rate(size, dtype):
    """Floating-point operations a second, the best of ten times ten."""
    matrix = ops.cast(np.random.normal(size=(size, size)) / size, dtype)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        product = matrix
        for _ in range(10):
            product = ops.matmul(product, matrix)
        float(product[0, 0])  # waits for all
        seconds.append(time.perf_counter() - start)
    return 10 * 2 * size**3 / min(seconds)


def device_name():
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return f"JAX, {jax.devices()[0].device_kind}"
    if backend == "torch":
        import torch

        has_gpu = torch.cuda.is_available()
        name = torch.cuda.get_device_name() if has_gpu else "cpu"
        return f"PyTorch, {name}"
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    return f"TensorFlow, {details.get('device_name', 'cpu')}"


if __name__ == "__main__":
    main()
