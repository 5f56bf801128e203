import gc

import keras
import numpy as np
import pytest
from keras import ops
from support.models import make_model
from support.references import Batches
from support.references import value_and_gradients
from support.texts import texts

from keras_mirror.encoder import training_arithmetic as module
from keras_mirror.encoder.backbone_settings import set_activation
from keras_mirror.encoder.training_arithmetic import activation_for_training
from keras_mirror.encoder.training_arithmetic import fastest_product_dtype
from keras_mirror.encoder.training_arithmetic import product_of
from keras_mirror.encoder.training_arithmetic import training_arithmetic
from keras_mirror.encoder.training_arithmetic import without_rewriting

ONE = 1.001  # 1 in bfloat16


def fused(activation, monkeypatch):
    with monkeypatch.context() as patches:
        patches.setattr(keras.backend, "backend", lambda: "tensorflow")
        with training_arithmetic(None):
            return activation_for_training(activation)


@pytest.mark.parametrize("name", ["gelu", "gelu_approximate", "keras-hub's"])
def test_activations_and_gradients_stay(name, monkeypatch):
    backbone = make_model().encoder.backbone
    if name != "keras-hub's":
        set_activation(backbone, name)
    [activation, *_] = [
        layer.activation
        for layer in backbone._flatten_layers()
        if hasattr(layer, "intermediate_dim") and hasattr(layer, "activation")
    ]
    changed = fused(activation, monkeypatch)
    assert changed is not activation
    inputs = np.linspace(-6, 6, 101, dtype="float32")
    found, expected = (
        value_and_gradients(lambda x, f=function: ops.sum(f(x) ** 2), inputs)
        for function in (changed, activation)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(
        found[1][0], expected[1][0], rtol=1e-5, atol=1e-5
    )


def test_other_activations_are_the_same_function(monkeypatch):
    for activation in (None, keras.activations.tanh):
        assert fused(activation, monkeypatch) is activation


def test_products_are_rounded_inside_of_a_step_only():
    eye, ones = np.eye(2, dtype="float32"), np.full((2, 2), ONE, "float32")
    with training_arithmetic("bfloat16"):
        inside = product_of(eye, ones)
    assert ops.convert_to_numpy(inside).tolist() == [[1, 1], [1, 1]]
    assert keras.backend.standardize_dtype(inside.dtype) == "float32"
    outside = ops.convert_to_numpy(product_of(eye, ones))
    np.testing.assert_allclose(outside, ONE, rtol=1e-6)


def trained(product_dtype, steps=3):
    keras.utils.set_random_seed(3)
    model = make_model(dropout=0.0)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    views = model.preprocessor.views(texts(5), (1, 2))
    model.fit(
        Batches([views] * steps),
        epochs=1,
        verbose=0,
        product_dtype=product_dtype,
    )
    return model


def test_training_in_bfloat16_is_close_and_on_record():
    plain, rounded = trained(None), trained("bfloat16")
    pairs = zip(plain.get_weights(), rounded.get_weights(), strict=True)
    difference = max(np.abs(a - b).max() for a, b in pairs)
    assert 1e-6 < difference < 0.05
    [run] = rounded.record.runs
    assert run.versions["backend"].endswith(", products in bfloat16")
    assert "products" not in plain.record.runs[0].versions["backend"]


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow has graphs"
)
def test_no_graph_outlives_its_model():
    from tensorflow.python.framework.func_graph import FuncGraph

    def graphs():
        gc.collect()
        return [g for g in gc.get_objects() if type(g) is FuncGraph]

    before = {id(graph) for graph in graphs()}
    trained("bfloat16")
    assert {id(graph) for graph in graphs()} <= before


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow rewrites graphs"
)
@pytest.mark.parametrize("was_off", [True, False])
def test_only_a_step_is_not_rewritten(was_off):
    from tensorflow.config import optimizer

    def is_off():
        return optimizer.get_experimental_options()["disable_meta_optimizer"]

    before = is_off()
    optimizer.set_experimental_options({"disable_meta_optimizer": was_off})
    try:
        assert without_rewriting(is_off)() is True
        with pytest.raises(ZeroDivisionError):
            without_rewriting(lambda: 1 / 0)()
        assert is_off() is was_off
    finally:
        optimizer.set_experimental_options({"disable_meta_optimizer": before})
    assert hasattr(trained(None).train_function, "__wrapped__")


def test_a_trained_model_encodes_in_its_own_dtype():
    model = trained("bfloat16")
    expected = make_model(dropout=0.0)
    expected.set_weights(model.get_weights())
    np.testing.assert_allclose(
        model.encode_text(texts(5)), expected.encode_text(texts(5)), atol=1e-6
    )


def test_only_processors_with_units_for_it_use_bfloat16(monkeypatch):
    model = make_model()
    is_measured = keras.backend.backend() != "torch"
    for own, dtype in (("avx512_bf16", None), ("amx_bf16", "bfloat16")):
        monkeypatch.setattr(module, "processor_has", own.__eq__)
        expected = dtype if is_measured else None
        assert fastest_product_dtype(model) == expected
    mixed = make_model(dtype="mixed_float16")
    assert fastest_product_dtype(mixed) is None


@pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="fakes JAX's accelerator"
)
def test_accelerators_keep_the_dtype_of_the_model(monkeypatch):
    import jax

    monkeypatch.setattr(module, "processor_has", lambda flag: True)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert fastest_product_dtype(make_model()) is None


def test_an_unknown_dtype_is_refused():
    with pytest.raises(ValueError, match="Received: product_dtype='int8'"):
        trained("int8")
