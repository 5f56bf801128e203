import threading

import keras
import numpy as np

from keras_mirror.checkpoints.hugging_face.undrawn_weights import (
    undrawn_weights,
)

KINDS = ("GlorotUniform", "RandomUniform", "TruncatedNormal")


def draws():
    made = [getattr(keras.initializers, kind)(seed=0) for kind in KINDS]
    return [bool(np.any(keras.ops.convert_to_numpy(m((2, 3))))) for m in made]


def test_only_layers_inside_begin_with_zeros():
    with undrawn_weights():
        assert draws() == [False] * len(KINDS)
    assert draws() == [True] * len(KINDS)


def test_other_threads_draw():
    found = []
    with undrawn_weights():
        thread = threading.Thread(target=lambda: found.extend(draws()))
        thread.start()
        thread.join()
    assert found == [True] * len(KINDS)


def test_calls_are_restored_after_an_error():
    try:
        with undrawn_weights():
            raise ValueError
    except ValueError:
        pass
    assert draws() == [True] * len(KINDS)
