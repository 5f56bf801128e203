"""Training and encoding on one device: seconds, and the share of its rate.

KERAS_BACKEND=jax python benchmarks/one_gpu.py CORPUS

The weights are random, which does not matter for speed, and the tokenizer is
the bundled one. Every width of a batch is compiled in the first epoch, and in
the first encoding; the second ones count. The share is the time that the
arithmetic of the real tokens needs at the measured rate of a product of large
matrices. With `--sentence-transformers` (PyTorch), the same weights are encoded
by that library too.
"""

import argparse
import tempfile
import time

import keras
import keras_hub
import numpy as np
from keras import ops
from speed.sides.arithmetic import forward_flops
from speed.sides.arithmetic import num_real_tokens

import keras_mirror
from keras_mirror.data import collect_strings
from keras_mirror.data import read_texts
from keras_mirror.presets.load_preset import PresetParts
from keras_mirror.presets.load_preset import assemble

SIZES = {"bert-base": (12, 768), "minilm": (6, 384), "tiny": (2, 64)}
HEADER = (
    "| device | model | policy | work | strings/s | TFLOP/s | share | of rate |"
)


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
    strings = collect_strings(read_texts(arguments.corpus)).strings
    print(HEADER, "|---|---|---|---|--:|--:|--:|--:|", sep="\n", flush=True)
    for size in arguments.models:
        for policy in arguments.dtype_policies:
            measure(arguments, size, policy, strings)


def measure(arguments, size, policy, strings):
    """Prints the rows of one model and one policy."""
    model = make_model(size, policy)
    rate = matrix_rate(arguments.matrix_size, model.compute_dtype)
    tokens = num_real_tokens(model, strings)  # of both views
    forward = forward_flops(model.encoder.backbone, tokens)

    def print_row(work, seconds, flops):
        cells = [device_name(), size, policy, work]
        achieved = flops / seconds
        cells += [f"{len(strings) / seconds:.0f}", f"{achieved / 1e12:.1f}"]
        cells += [f"{100 * achieved / rate:.1f} %", f"{rate / 1e12:.0f}"]
        print("|", " | ".join(cells), "|", flush=True)

    print_row(
        "encode_text", second_time(model.encode_text, strings), forward / 2
    )
    for batch_size in arguments.other_side_batches:
        encode = sentence_transformers_encode(model, policy, batch_size)
        work = f"sentence-transformers, {batch_size}"
        print_row(work, second_time(encode, strings), forward / 2)
    # Backward is twice forward.
    print_row("fit", second_epoch(model, strings, arguments), 3 * forward)


def second_time(encode, strings):
    """Seconds of the second call."""
    encode(strings)
    start = time.perf_counter()
    encode(strings)
    return time.perf_counter() - start


def second_epoch(model, strings, arguments):
    """Seconds of the second epoch."""
    model.compile()
    clock = EpochClock()
    options = {"epochs": 2, "verbose": 0, "callbacks": [clock]}
    model.fit(strings, batch_size=arguments.batch_size, **options)
    return clock.seconds[1]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--models", nargs="+", default=["bert-base", "minilm"])
    parser.add_argument(
        "--dtype-policies", nargs="+", default=["mixed_bfloat16", "float32"]
    )
    parser.add_argument(
        "--sentence-transformers",
        dest="other_side_batches",
        nargs="*",
        type=int,
        default=[],
        help="batch sizes of the other library",
    )
    parser.add_argument("--matrix-size", type=int, default=8192)
    return parser.parse_args()


def make_model(size, policy):
    num_layers, hidden_dim = SIZES[size]
    tokenizer = keras_mirror.MirrorModel.from_preset().preprocessor.tokenizer
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=num_layers,
        num_heads=hidden_dim // 32 if size == "minilm" else hidden_dim // 64,
        hidden_dim=hidden_dim,
        intermediate_dim=4 * hidden_dim,
        dtype=policy,
    )
    parts = PresetParts(backbone, tokenizer)
    recipe = {"pooling_mode": "mean"}
    return keras_mirror.MirrorModel(*assemble(parts, "sentence", recipe))


def sentence_transformers_encode(model, policy, batch_size):
    """`SentenceTransformer.encode` of the same weights."""
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as folder:
        model.export(f"{folder}/model")
        other = SentenceTransformer(f"{folder}/model")
    if policy == "mixed_bfloat16":
        other.bfloat16()

    def encode(texts):
        # NumPy has no bfloat16.
        vectors = other.encode(
            texts, batch_size=batch_size, convert_to_tensor=True
        )
        return vectors.float().cpu().numpy()

    return encode


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
