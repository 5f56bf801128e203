import keras
import numpy as np
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror import mirror_dataset
from keras_mirror.optimizers import training_variables

STRINGS = texts(40)


class StopBefore(keras.callbacks.Callback):
    """Kills training as an epoch begins."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def new_model(**settings):
    keras.utils.set_random_seed(0)
    settings = {"dropout": 0.1, "learning_rate": 1e-2, **settings}
    model = make_model(batch_size=10, epochs=2, **settings)
    model.compile()
    return model


def weights_after(model, x=STRINGS, **options):
    model.fit(x, verbose=0, **options)
    return np.concatenate([np.ravel(w) for w in model.get_weights()])


def starting_again(model):
    """A function that sets back weights and optimizer, and no random state."""
    variables = [*model.weights, *model.optimizer.variables]
    values = [np.array(variable) for variable in variables]

    def start_again():
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    return start_again


@pytest.mark.parametrize("data", ["strings", "dataset"])
@pytest.mark.parametrize("steps_per_epoch", [None, 2])
def test_a_seed_repeats_training_and_another_does_not(data, steps_per_epoch):
    model = new_model(drophead=0.5)
    start_again = starting_again(model)
    x = STRINGS
    if data == "dataset":
        x = mirror_dataset(STRINGS, model.preprocessor, seed=1)
    ends = []
    for seed in (7, 8, 7):
        start_again()
        options = dict(seed=seed, steps_per_epoch=steps_per_epoch)
        ends.append(weights_after(model, x, **options))
    np.testing.assert_array_equal(ends[0], ends[2])
    assert np.abs(ends[0] - ends[1]).max() > 1e-3


def test_a_seed_leaves_generators_their_strings():
    model = new_model()
    start_again = starting_again(model)
    ends = []
    for strings in (STRINGS, iter(STRINGS)):
        start_again()
        ends.append(weights_after(model, strings, seed=7, epochs=1))
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("data", ["strings", "dataset"])
def test_a_seed_leaves_datasets_their_sentence_piece(data):
    model = new_model(family="XLMRoberta")
    x = STRINGS
    if data == "dataset":
        x = mirror_dataset(STRINGS, model.preprocessor)
    history = model.fit(x, seed=7, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_without_a_seed_training_differs():
    model = new_model()
    start_again = starting_again(model)
    first = weights_after(model)
    start_again()
    assert np.abs(weights_after(model) - first).max() > 1e-3


def test_the_seed_of_keras_repeats_training_without_another():
    ends = [weights_after(new_model(drophead=0.5)) for _ in range(2)]
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("steps_per_epoch", [None, 2])
def test_what_was_stopped_goes_on_with_the_same_batches(
    tmp_path, steps_per_epoch
):
    options = dict(seed=7, epochs=3, steps_per_epoch=steps_per_epoch)
    rates = dict(drophead=0.5)
    if steps_per_epoch and keras.backend.backend() == "torch":
        # Its data loaders draw too, wherever a pass over the dataset begins.
        rates = dict(dropout=0.0)
    undisturbed = weights_after(new_model(**rates), **options)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        stopped = new_model(**rates)
        stopped.fit(STRINGS, callbacks=[backup, StopBefore(1)], **options)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    rest = weights_after(new_model(**rates), callbacks=[backup], **options)
    np.testing.assert_array_equal(rest, undisturbed)


def test_an_initial_epoch_is_that_of_the_dataset():
    model = new_model(dropout=0.0)
    dataset = mirror_dataset(STRINGS, model.preprocessor, seed=1)
    at_once = weights_after(model, dataset, epochs=2)
    model = new_model(dropout=0.0)
    for epoch in range(2):  # a new process would make its dataset anew
        dataset = mirror_dataset(STRINGS, model.preprocessor, seed=1)
        options = dict(initial_epoch=epoch, epochs=epoch + 1)
        in_parts = weights_after(model, dataset, **options)
    np.testing.assert_array_equal(in_parts, at_once)


def test_what_was_saved_goes_on_with_the_same_dropout(tmp_path):
    options = dict(seed=7, epochs=2)
    undisturbed = weights_after(new_model(drophead=0.5), **options)
    model = new_model(drophead=0.5)
    model.fit(STRINGS, seed=7, epochs=1, verbose=0)
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    rest = weights_after(loaded, initial_epoch=1, **options)
    np.testing.assert_allclose(rest, undisturbed, rtol=0, atol=2e-6)


def test_random_states_of_layers_are_set():
    model = new_model(drophead=0.5)
    weights = {id(weight) for weight in model.weights}
    states = [v for v in training_variables(model) if "seed" in v.path]
    assert states and not weights & {id(state) for state in states}
    first = [np.array(state) for state in states]
    model._set_seed(7)
    drawn = [tuple(np.array(state)) for state in states]
    assert len(set(drawn)) == len(drawn)
    assert all((a != b).any() for a, b in zip(first, drawn, strict=True))
