import keras
import pytest

from keras_mirror.preprocessing import padding
from keras_mirror.preprocessing.padding import padded_lengths
from keras_mirror.preprocessing.padding import padded_rows


@pytest.mark.parametrize(
    "sequence_length, expected",
    [
        (3, [3]),
        (11, [11]),
        (12, [8, 12]),
        (15, [8, 15]),
        (25, [8, 12, 16, 25]),
        (50, [8, 12, 16, 24, 32, 50]),
        (128, [8, 12, 16, 24, 32, 48, 64, 96, 128]),
        (512, [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]),
    ],
)
def test_widths_are_few_where_each_is_compiled(
    sequence_length, expected, monkeypatch
):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: True)
    assert padded_lengths(sequence_length) == expected
    assert [padded_rows(n, most=100) for n in (1, 3, 64, 65)] == [1, 4, 64, 100]


def test_nothing_is_padded_further_where_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: False)
    assert padded_lengths(25) == list(range(2, 26))
    assert [padded_rows(n, most=100) for n in (1, 3, 65)] == [1, 3, 65]


def test_only_jax_compiles_on_a_processor():
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            pytest.skip("there is a GPU")
    is_jax = keras.backend.backend() == "jax"
    assert padding.compiles_every_shape() == is_jax
