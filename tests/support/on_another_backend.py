"""Loads archives and trains them on; prints what came of it.

KERAS_BACKEND=... python -m support.on_another_backend ARCHIVE...

Prints a JSON object: for every archive its fingerprint, how far its vectors
are from those in the file beside it, and the steps of the optimizer before and
after one epoch more, with its loss; `None` where it was not compiled.
"""

import torch  # before TensorFlow, whatever the backend is  # isort: skip

import json
import sys

import keras
import numpy as np

from keras_mirror.encoder.fingerprint import fingerprint
from support.texts import SENTENCES
from support.texts import texts


def vectors_and_training(path):
    model = keras.saving.load_model(path)
    vectors = model.encode_text(SENTENCES)
    result = {
        "distance": float(np.abs(vectors - np.load(f"{path}.npy")).max()),
        "training": None,
    }
    if model.compiled:
        steps = [int(model.optimizer.iterations)]
        history = model.fit(texts(20), batch_size=10, epochs=1, verbose=0)
        steps.append(int(model.optimizer.iterations))
        result["training"] = [*steps, history.history["loss"][0]]
    return result


def fingerprints(paths):
    """What is there already changes them neither by names nor by policy."""
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    keras.config.set_dtype_policy("mixed_bfloat16")
    return [fingerprint(keras.saving.load_model(path)) for path in paths]


def main(*paths):
    torch.set_num_threads(1)
    report = [vectors_and_training(path) for path in paths]
    for entry, value in zip(report, fingerprints(paths), strict=True):
        entry["fingerprint"] = value
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
