import keras
import numpy as np
import pytest
from keras import ops
from support.models import make_model
from support.references import reference_loss
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror.encoder.sentence_encoder import projection_head
from keras_mirror.merging import copied


def weights_of(layer):
    return [ops.convert_to_numpy(weight).copy() for weight in layer.weights]


def one_step(model, strings):
    model.compile()
    return model.fit(strings, batch_size=len(strings), epochs=1, verbose=0)


def test_two_dense_layers():
    head = projection_head(4)
    inputs = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    kernel_1, bias_1, kernel_2, bias_2 = weights_of(head)
    hidden = ops.convert_to_numpy(keras.activations.gelu(inputs @ kernel_1))
    np.testing.assert_allclose(
        ops.convert_to_numpy(head(inputs)), hidden @ kernel_2, atol=1e-5
    )
    assert not bias_1.any() and not bias_2.any()


@pytest.mark.parametrize("mini_batch_size", [None, 3])
def test_the_loss_of_training_is_of_its_outputs(mini_batch_size):
    model = make_model(
        projection_head=True,
        dropout=0.0,
        span_length=0,
        mini_batch_size=mini_batch_size,
    )
    embeddings = model.encode_text(texts(8))
    outputs = ops.convert_to_numpy(model.projection_head(embeddings))
    expected = reference_loss(outputs, outputs, 0.04)
    history = one_step(model, texts(8))
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-3)
    without = reference_loss(embeddings, embeddings, 0.04)
    assert abs(without - expected) > 0.05


def test_it_trains_and_is_left_out_of_the_vectors():
    model = make_model(projection_head=True, dropout=0.0, span_length=0)
    before = weights_of(model.projection_head)
    one_step(model, texts(8))
    after = weights_of(model.projection_head)
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    vectors = model.encode_text(texts(8))
    views = model.preprocessor.views(texts(8))
    loss = float(model.test_on_batch(*views))
    expected = reference_loss(vectors, vectors, 0.04)
    assert loss == pytest.approx(expected, rel=1e-3)
    for weight in model.projection_head.weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_array_equal(model.encode_text(texts(8)), vectors)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float32"])
def test_it_computes_in_float32(policy):
    model = make_model(projection_head=True, dtype=policy)
    views = model.preprocessor.views(texts(3))
    outputs = model(views[0], training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"


def test_off_unless_told():
    assert make_model().projection_head is None


@pytest.mark.parametrize("part", [slice(None), slice(1)])
def test_what_is_frozen_of_it_travels(part, tmp_path):
    model = make_model(projection_head=True)
    for layer in model.projection_head.layers[part]:
        layer.trainable = False
    one_step(model, texts(8))
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert int(loaded.optimizer.iterations) == 1
    trained = [weight.trainable for weight in model.projection_head.weights]
    assert not all(trained)
    for other in (
        loaded,
        copied(model),
        MirrorModel.from_config(model.get_config()),
    ):
        weights = other.projection_head.weights
        assert [weight.trainable for weight in weights] == trained


@pytest.mark.parametrize("frozen", [[4], [True], ["x"]])
def test_places_that_it_has_not_are_refused(frozen):
    config = make_model(projection_head=True).get_config()
    with pytest.raises(ValueError, match="frozen_head"):
        MirrorModel.from_config({**config, "frozen_head": frozen})
