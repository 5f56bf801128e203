import numpy as np
import pytest
from support import models
from support import texts as corpora

from keras_mirror.forward import fitting_precision
from keras_mirror.forward import precision
from keras_mirror.forward.fitting_precision import in_fitting_precision
from keras_mirror.forward.fitting_precision import largest_difference
from keras_mirror.forward.forward_encoder import ForwardEncoder

TEXTS = corpora.texts(60)


@pytest.fixture(scope="module")
def encoder():
    return ForwardEncoder.of(models.moved(models.make_model()))


def kernels(encoder):
    return [
        node.input_value(1).get_node().get_type_name()
        for node in encoder._graph_of("int8").get_ops()
        if node.get_type_name() == "MatMul"
    ]


def test_int8_rounds_every_kernel(encoder):
    small = encoder.in_precision("int8")
    assert small.precision == "int8"
    assert 0 < largest_difference(encoder, small, TEXTS) < 0.1
    assert kernels(encoder) == ["Multiply"] * 12
    # The graph of float32 is as it was.
    assert (
        largest_difference(encoder, small.in_precision("float32"), TEXTS) == 0
    )


def test_scale_is_of_each_output():
    kernel = np.random.default_rng(0).normal(size=(9, 3)) * [1, 10, 0.01]
    rounded = precision._rounded(kernel.astype("float32"))
    scale = rounded.input_value(1).get_node().data
    np.testing.assert_allclose(
        scale, np.abs(kernel).max(axis=0, keepdims=True) / 127, rtol=1e-6
    )
    whole = rounded.input_value(0).get_node().input_value(0).get_node().data
    assert whole.dtype == np.int8 and np.abs(whole).max(axis=0).min() == 127
    assert (np.abs(whole * scale - kernel) <= 0.51 * scale).all()


@pytest.mark.parametrize(
    "name, hint, group_size",
    [
        ("float32", "f32", None),
        ("bfloat16", "bf16", None),
        ("int8", "f32", "64"),
    ],
)
def test_settings_of_openvino(name, hint, group_size):
    settings = precision.settings_of(name)
    assert settings["INFERENCE_PRECISION_HINT"] == hint
    assert settings.get("DYNAMIC_QUANTIZATION_GROUP_SIZE") == group_size


@pytest.mark.parametrize(
    "name, number, streams",
    [
        *(("float32", 1, 1), ("float32", 7, 1), ("float32", 16, 4)),
        *(("bfloat16", 1, 1), ("bfloat16", 7, 7), ("int8", 7, 1)),
    ],
)
def test_processors_that_this_process_may_use(
    monkeypatch, name, number, streams
):
    monkeypatch.setattr(
        precision.os, "sched_getaffinity", lambda _: range(number), False
    )
    settings = precision.settings_of(name)
    assert settings["INFERENCE_NUM_THREADS"] == str(number)
    assert settings["NUM_STREAMS"] == str(streams)


def test_rows_of_zeros_stay(encoder):
    rounded = precision._rounded(np.zeros((3, 2), "float32"))
    assert rounded.get_type_name() == "Multiply"
    scale = rounded.input_value(1).get_node().data
    np.testing.assert_array_equal(scale, [[1.0, 1.0]])


def test_unknown_precision(encoder):
    with pytest.raises(ValueError, match="float32, bfloat16, int8. Received"):
        encoder.in_precision("float16")


@pytest.mark.parametrize(
    "own, expected",
    [("avx512_bf16", True), ("amx_bf16", True), ("avx2", False)],
)
def test_flags_of_the_processor(monkeypatch, own, expected):
    monkeypatch.setattr(precision, "processor_has", lambda *names: own in names)
    assert precision.has_bfloat16() == expected


@pytest.mark.parametrize(
    "number, has_it, difference, chosen",
    [
        (2000, True, 0.004, "bfloat16"),
        (1999, True, 0.004, "float32"),
        (2000, False, 0.004, "float32"),
        (2000, True, 0.006, "float32"),
    ],
)
def test_chosen_by_measurement(
    encoder, monkeypatch, number, has_it, difference, chosen
):
    monkeypatch.setattr(fitting_precision, "has_bfloat16", lambda: has_it)
    monkeypatch.setattr(
        fitting_precision, "largest_difference", lambda *_: difference
    )
    found, told = in_fitting_precision(encoder, TEXTS, number)
    assert found.precision == chosen
    assert told == (difference if chosen == "bfloat16" else 0)


def test_difference_is_of_unit_rows(encoder):
    class Other:
        def encode_text(self, texts):
            vectors = 7 * encoder.encode_text(texts)
            vectors[3] *= -1
            return vectors

    rows = encoder.encode_text(TEXTS)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = largest_difference(encoder, Other(), TEXTS)
    np.testing.assert_allclose(found, 2 * np.abs(rows[3]).max(), rtol=1e-5)
