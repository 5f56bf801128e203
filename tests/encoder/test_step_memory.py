"""Estimates of memory, against what was measured and what is measured."""

import types

import keras
import pytest
from support.processes import run_python

from keras_mirror.encoder.step_memory import encoding_memory
from keras_mirror.encoder.step_memory import training_memory

BACKEND = keras.backend.backend()
# Peak of the resident memory of two steps over that before the first, in MB,
# by (rows, width, mini_batch_size): all-MiniLM-L6-v2, the recipe "sentence",
# float32, as `keras-mirror train` sets the C library. Keras 3.15, TensorFlow
# 2.21, JAX 0.10, PyTorch 2.x on a CPU, Linux, November 2026.
MEASURED = {
    "tensorflow": {
        (16, 64, None): 604,
        (50, 64, None): 1312,
        (100, 128, None): 5003,
        (50, 256, None): 6057,
        (128, 64, 16): 1005,
        (32, 256, 16): 2553,
    },
    "jax": {
        (16, 64, None): 842,
        (200, 32, None): 2953,
        (50, 64, None): 1624,
        (100, 128, None): 7361,
        (50, 256, None): 9733,
        (32, 256, 16): 3639,
    },
    "torch": {
        (50, 32, None): 979,
        (200, 32, None): 2435,
        (400, 64, None): 10523,
        (100, 128, None): 6214,
        (50, 256, None): 7736,
        (128, 64, 16): 620,
        (32, 256, 16): 1982,
    },
}[BACKEND]
MEASURED_ENCODING = {
    "tensorflow": {(64, 128): 154, (64, 256): 604},
    "jax": {(64, 64): 582, (64, 128): 1234},
    "torch": {(64, 128): 467, (64, 256): 1713},
}[BACKEND]


def minilm(dtype="float32"):
    """The sizes of all-MiniLM-L6-v2, without its weights."""
    backbone = types.SimpleNamespace(
        num_layers=6,
        hidden_dim=384,
        intermediate_dim=1536,
        num_heads=12,
        dropout=0.1,
        compute_dtype=dtype,
    )
    encoder = types.SimpleNamespace(backbone=backbone)
    weights = [types.SimpleNamespace(shape=(23_000_000,))]
    return types.SimpleNamespace(encoder=encoder, trainable_variables=weights)


@pytest.mark.parametrize("shape", MEASURED, ids=str)
def test_training_takes_what_was_measured(shape):
    num_rows, width, size = shape
    estimate = training_memory(minilm(), size or num_rows, width, bool(size))
    assert 0.9 <= estimate / 1e6 / MEASURED[shape] <= 1.6


@pytest.mark.parametrize("shape", MEASURED_ENCODING, ids=str)
def test_encoding_takes_what_was_measured(shape):
    num_rows, width = shape
    estimate = encoding_memory(minilm(), num_rows * width, width)
    assert 0.9 <= estimate / 1e6 / MEASURED_ENCODING[shape] <= 1.6


def test_more_rows_and_wider_ones_take_more(model):
    estimates = [
        training_memory(model, rows, width)
        for rows, width in [(1, 8), (2, 8), (2, 16), (200, 16), (201, 16)]
    ]
    assert estimates == sorted(set(estimates))
    # Scores: twice the width is more than twice the memory.
    by_width = [training_memory(minilm(), 100, w) for w in (0, 128, 256)]
    assert by_width[2] - by_width[0] > 2 * (by_width[1] - by_width[0])
    estimates = [
        encoding_memory(model, tokens, width)
        for tokens, width in [(8, 8), (16, 8), (32, 16)]
    ]
    assert estimates == sorted(set(estimates))


def test_slices_of_a_large_batch_take_less_than_the_batch():
    whole = training_memory(minilm(), 400, 256)
    assert training_memory(minilm(), 16, 256, in_slices=True) < whole / 4


def test_an_encoder_of_unknown_sizes():
    model = types.SimpleNamespace(encoder=object())
    assert training_memory(model, 4, 8) is None
    assert encoding_memory(model, 32, 8) is None


def test_half_precision_takes_less_but_not_half():
    half = training_memory(minilm("bfloat16"), 400, 256)
    assert 0.5 < half / training_memory(minilm(), 400, 256) < 0.95


# The bundled model, 100 texts of 64 tokens: a second of training.
STEP = """
import os, sys
import keras_mirror_cli
from keras_mirror import startup
startup.choose_backend(None, debug=True)
keras = startup.import_keras(os.environ["KERAS_BACKEND"])
import numpy as np
from keras_mirror.encoder.step_memory import training_memory
from keras_mirror.mirror_model import MirrorModel

def memory(key):
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1]) * 1024

def view(seed):
    ids = np.random.default_rng(seed).integers(5, 16000, (50, 64), "int32")
    features = dict(token_ids=ids, padding_mask=np.ones_like(ids))
    return dict(features, string_ids=np.arange(50, dtype="int32"))

class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 2
    def __getitem__(self, index):
        return view(index), view(index + 2)

size = int(sys.argv[1]) or None
model = MirrorModel.from_preset(sequence_length=64, mini_batch_size=size)
model.compile()
before = memory("VmRSS")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak from now on
model.fit(Batches(), verbose=0)
estimate = training_memory(model, size or 100, 64, in_slices=bool(size))
print(estimate, memory("VmHWM") - before)
"""


@pytest.mark.processes
@pytest.mark.parametrize("size", [0, 20])
def test_training_takes_what_is_measured_here(size):
    """Looser: compiling, threads and libraries differ between machines."""
    output = run_python(STEP, size, backend=BACKEND)
    estimate, taken = map(int, output.split())
    assert 0.7 <= estimate / taken <= 2
