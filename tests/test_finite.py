"""Numbers that are not finite: in training, in what is saved, in vectors."""

import re

import keras
import numpy as np
import pytest
from keras import ops
from support.models import make_model
from support.texts import SENTENCES
from support.texts import texts

import keras_mirror
from keras_mirror.optimizers import AdamW
from keras_mirror.optimizers import loss_scale

NAN, INF = float("nan"), float("inf")


def fit(model, **options):
    options = {"epochs": 2, "verbose": 0, "shuffle": False, **options}
    return model.fit(texts(40), batch_size=10, **options)


def with_embedding(model, value):
    """The model, one number of whose token embeddings is `value`."""
    [variable] = [v for v in model.variables if "token_emb" in v.path]
    array = np.array(variable)
    array[7, 0] = value
    variable.assign(array)
    return model


def equal(weights, others):
    return all(map(np.array_equal, weights, others))


# === Training ===


class AfterStep(keras.callbacks.Callback):
    """Keeps the weights after one step."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.step:
            self.weights = self.model.get_weights()


def test_training_stops_at_the_step_with_the_weights_before_it():
    model = make_model()
    model.compile(AdamW(1e30))
    after = AfterStep(1)
    message = (
        "Training stopped: the loss or a gradient is not finite at step 2 of "
        "epoch 1. Try a smaller learning rate, and float32 or bfloat16 "
        "instead of float16. The model keeps its last finite weights."
    )
    with pytest.raises(FloatingPointError, match=f"^{re.escape(message)}$"):
        fit(model, callbacks=[after])
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert equal(model.get_weights(), after.weights)
    assert model.record.runs[-1].steps == 2


def nan_gradients(model, monkeypatch):
    """Makes all gradients of a model NaN, and no loss."""
    plain = model.encoder.call

    def call(*args, **kwargs):
        vectors = plain(*args, **kwargs)
        return vectors + ops.sqrt(ops.sum(0.0 * vectors))

    monkeypatch.setattr(model.encoder, "call", call)


def test_a_gradient_stops_training_too(monkeypatch):
    model = make_model()
    nan_gradients(model, monkeypatch)
    model.compile()
    before = model.get_weights()
    with pytest.raises(FloatingPointError, match="not finite at step 1 of ep"):
        fit(model)
    assert equal(model.get_weights(), before)


def test_other_optimizers_stop_and_say_what_became_of_the_weights():
    model = make_model()
    model.compile(keras.optimizers.SGD(INF))
    with pytest.raises(FloatingPointError, match="Its weights are lost: '.*"):
        fit(model)


def test_losses_that_are_scaled_may_overflow():
    """Such a step is left out, and the next one has a smaller scale."""
    model = make_model(dtype="mixed_float16")
    model.compile(
        keras.optimizers.LossScaleOptimizer(AdamW(1e-3), initial_scale=2.0**40)
    )
    history = fit(model)
    assert np.isfinite(history.history["loss"]).all()
    assert float(model.optimizer.dynamic_scale) < 2.0**40


def test_a_loss_scale_that_falls_for_ever_stops_training(monkeypatch):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX on a CPU has no float16 matrix product")
    model = make_model(dtype="mixed_float16")
    nan_gradients(model, monkeypatch)
    model.compile()
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    before = model.get_weights()
    with pytest.raises(FloatingPointError, match="step 2 of epoch 7"):
        fit(model, epochs=20)
    assert equal(model.get_weights(), before)


def test_the_loss_scale_of_a_step_is_found_in_what_jax_returns():
    optimizer = keras.optimizers.LossScaleOptimizer(AdamW(1e-3))
    optimizer.build([keras.Variable(np.zeros(2))])
    values = list(range(len(optimizer.variables)))
    found = loss_scale(optimizer, [([], [], values, [])])
    assert optimizer.variables[found].path == optimizer.dynamic_scale.path


def test_what_is_saved_is_looked_at_once(tmp_path, monkeypatch):
    model = make_model()
    times = []
    name = "keras_mirror.mixins.saving.check_finite_variables"
    monkeypatch.setattr(name, times.append)
    model.save(tmp_path / "a.keras")
    model.save_weights(tmp_path / "a.weights.h5")
    keras.saving.save_model(model, tmp_path / "b.keras")
    assert len(times) == 3


def test_weights_of_float16_are_refused():
    model = make_model(dtype="float16")
    model.compile()
    message = "^`epsilon` must not be 0 in float16, .*dtype='mixed_float16'"
    with pytest.raises(ValueError, match=message):
        fit(model)


# === What is saved ===


@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize(
    "how", ["save", "keras", "weights", "export", "preset"]
)
def test_nothing_of_what_is_not_finite_is_written(tmp_path, how, value):
    model = with_embedding(make_model(), value)
    name = "a.weights.h5" if how == "weights" else "a.keras"
    path = tmp_path / name
    if how in ("save", "weights"):
        path.write_text("an older one")
    write = {
        "save": model.save,
        "keras": lambda path: keras.saving.save_model(model, path),
        "weights": model.save_weights,
        "export": model.export,
        "preset": model.save_to_preset,
    }[how]
    message = "NaN or infinity in '.*token_embedding.*'"
    with pytest.raises(ValueError, match=message):
        write(path)
    if how in ("save", "weights"):
        assert path.read_text() == "an older one"
    if how in ("export", "preset"):
        assert not path.exists()


def test_the_state_of_the_optimizer_is_looked_at(tmp_path):
    model = make_model()
    model.compile()
    momentum = model.optimizer.variables[-1]
    momentum.assign(np.full(momentum.shape, NAN))
    with pytest.raises(ValueError, match="must have finite weights"):
        model.save(tmp_path / "a.keras")


# === Vectors ===


@pytest.mark.parametrize("text", [SENTENCES[:1], SENTENCES[0]])
def test_vectors_that_are_not_finite_are_refused(text):
    model = with_embedding(make_model(), 0.0)
    for variable in model.encoder.variables:
        if keras.backend.is_float_dtype(variable.dtype):
            variable.assign(np.full(variable.shape, NAN))
    message = (
        "Vectors must be of finite numbers. Received: NaN or infinity from "
        f"the model, for the text {SENTENCES[0]!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.encode_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        keras_mirror.search.Index(model).add(text)
