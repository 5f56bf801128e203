import keras
import numpy as np
import pytest
from support.models import make_model
from support.references import Batches
from support.references import batch_losses
from support.texts import texts

BATCH_SIZE = 5  # ten texts a step: no multiple of the mini-batches


def train(mini_batch_size, dropout, steps=1, **options):
    """The losses and the weights after some steps of the same model."""
    keras.utils.set_random_seed(3)
    model = make_model(
        dropout=dropout, mini_batch_size=mini_batch_size, **options
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    views = model.preprocessor.views(texts(BATCH_SIZE), (1, 2))
    losses = batch_losses(model, Batches([views] * steps), epochs=1)
    weights = [
        keras.ops.convert_to_numpy(weight)
        for weight in model.encoder.trainable_weights
    ]
    return losses, weights


def largest_difference(weights, others):
    pairs = zip(weights, others, strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


def test_gradients_equal_those_of_one_pass():
    expected_loss, expected = train(None, dropout=0.0)
    loss, weights = train(4, dropout=0.0)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    assert largest_difference(weights, expected) < 1e-5
    keras.utils.set_random_seed(3)
    before = make_model(dropout=0.0).encoder.trainable_weights
    before = map(keras.ops.convert_to_numpy, before)
    assert largest_difference(before, expected) > 1e-3


def test_ten_steps_in_slices_have_the_losses_of_ten_whole_ones():
    expected, _ = train(None, dropout=0.0, drophead=0.0, steps=10)
    losses, _ = train(4, dropout=0.0, drophead=0.0, steps=10)
    np.testing.assert_allclose(losses, expected, atol=1e-4)
    assert np.abs(np.diff(expected)).min() > 1e-3  # they do train


@pytest.mark.parametrize("family", ["Bert", "Albert"])  # which shares layers
def test_the_second_computation_has_the_masks_of_the_first(monkeypatch, family):
    options = dict(family=family, dropout=0.3, steps=2)
    losses, weights = train(4, **options)
    monkeypatch.setattr(keras, "remat", lambda function: function)
    expected_losses, expected = train(4, **options)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    assert largest_difference(weights, expected) < 1e-5


def test_every_slice_and_every_step_has_masks_of_its_own():
    model = make_model(dropout=0.5, mini_batch_size=2)
    features = model.preprocessor(["a man plays a guitar"] * 4)

    def embed():
        embeddings = model(features, training=True)
        return keras.ops.convert_to_numpy(embeddings).round(5).tolist()

    rows = embed() + embed()
    assert len({tuple(row) for row in rows}) == 8


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="others never do"
)
def test_tensorflow_never_computes_two_slices_at_a_time():
    import tensorflow as tf

    model = make_model(mini_batch_size=2)
    features = model.preprocessor(["a man plays a guitar"] * 4)

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(features, training=True))
        return tape.gradient(loss, model.trainable_variables[0].value)

    nodes = gradients.get_concrete_function().graph.as_graph_def().node
    loops = [node for node in nodes if node.op in ("While", "StatelessWhile")]
    assert len(loops) == 2  # forward and backward
    assert {loop.attr["parallel_iterations"].i for loop in loops} == {1}


def test_the_batch_may_be_smaller_than_a_mini_batch():
    expected_loss, expected = train(None, dropout=0.0)
    loss, weights = train(64, dropout=0.0)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    assert largest_difference(weights, expected) < 1e-5


def test_gradients_are_summed_in_float32_with_mixed_precision(monkeypatch):
    dtypes = set()

    def remat(function):
        def call(*weights):
            dtypes.update(
                keras.backend.standardize_dtype(w.dtype) for w in weights
            )
            return function(*weights)

        return call

    monkeypatch.setattr(keras, "remat", remat)
    train(4, 0.0, dtype="mixed_bfloat16")
    assert dtypes == {"float32"}


def test_encoding_does_not_use_mini_batches():
    model = make_model(mini_batch_size=3)
    features = model.preprocessor(texts(BATCH_SIZE))
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model(features)),
        keras.ops.convert_to_numpy(model.encoder(features)),
    )
