import keras
import numpy as np
import pytest
import torch

from keras_mirror.optimizers import AdamW

TOKENS = np.array([[1, 1, 2], [1, 3, 3]])  # an embedding sees tokens twice


def torch_weights(weight, targets, num_steps, **options):
    weight = torch.nn.Parameter(torch.tensor(weight))
    optimizer = torch.optim.AdamW([weight], **options)
    for _ in range(num_steps):
        optimizer.zero_grad()
        vectors = weight[torch.tensor(TOKENS)].sum(1)
        ((vectors - torch.tensor(targets)) ** 2).sum().backward()
        optimizer.step()
    return weight.detach().numpy()


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_steps_equal_pytorch(weight_decay, epsilon):
    generator = np.random.default_rng(0)
    start = generator.normal(size=(5, 4)).astype("float32")
    targets = generator.normal(size=(2, 4)).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="int32"),
            keras.layers.Embedding(5, 4),
            keras.layers.Lambda(lambda x: keras.ops.sum(x, axis=1)),
        ]
    )
    model.set_weights([start])
    model.compile(
        AdamW(1e-2, weight_decay, epsilon),
        lambda y_true, y_pred: 2 * keras.ops.sum((y_true - y_pred) ** 2, -1),
    )
    model.fit(TOKENS, targets, batch_size=2, epochs=4, verbose=0)
    expected = torch_weights(
        start, targets, 4, lr=1e-2, weight_decay=weight_decay, eps=epsilon
    )
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-6)
    assert np.abs(expected - start).max() > 0.02


def test_defaults_and_round_trip():
    optimizer = AdamW()
    assert float(optimizer.learning_rate) == pytest.approx(2e-5)
    assert optimizer.weight_decay == 0.01
    assert optimizer.epsilon == 1e-8
    changed = AdamW(1e-3, 0.5, 1e-6)
    copy = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(changed)
    )
    assert type(copy) is AdamW and copy.get_config() == changed.get_config()


@pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="only JAX shows what it compiled"
)
def test_xla_does_not_copy_the_norm_of_all_gradients_into_every_update():
    import jax

    num_weights = 40
    layers = [keras.layers.Dense(1, use_bias=False) for _ in range(num_weights)]
    model = keras.Sequential([keras.Input((1,)), *layers])
    optimizer = AdamW()
    optimizer.build(model.trainable_variables)
    weights = [variable.value for variable in model.trainable_variables]
    state = [variable.value for variable in optimizer.variables]
    step = jax.jit(optimizer.stateless_apply)
    compiled = step.lower(state, weights, weights).compile().as_text()
    # Every update of a weight has a few; the norm has one for every weight.
    assert compiled.count(" add(") < 10 * num_weights
