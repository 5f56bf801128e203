"""Loads archives and trains them on; prints what came of it.

KERAS_BACKEND=... python -m support.on_another_backend ARCHIVE...

Prints a JSON object: for every archive its fingerprint, how far its vectors
are from those in the file beside it, and the steps of the optimizer before and
after one epoch more, with its loss; `None` where it was not compiled.
"""

from support.quick_graphs import use_quick_graphs  # isort: skip

import json
import sys

import keras
import numpy as np

from keras_mirror.encoder.fingerprint import fingerprint
from support.texts import SENTENCES
from support.texts import texts


def report(path):
    model = keras.saving.load_model(path)
    vectors = model.encode_text(SENTENCES)
    result = {
        "fingerprint": fingerprint(model),
        "distance": float(np.abs(vectors - np.load(f"{path}.npy")).max()),
        "training": None,
    }
    if model.compiled:
        steps = [int(model.optimizer.iterations)]
        history = model.fit(texts(20), batch_size=10, epochs=1, verbose=0)
        steps.append(int(model.optimizer.iterations))
        result["training"] = [*steps, history.history["loss"][0]]
    return result


if __name__ == "__main__":
    use_quick_graphs()
    # What is there already changes neither names nor precision.
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    keras.config.set_dtype_policy("mixed_bfloat16")
    print(json.dumps([report(path) for path in sys.argv[1:]]))
