import copy

import keras
import numpy as np
import pytest
from support.models import make_backbone
from support.models import make_model
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror import mirror_dataset
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.encoder.trained_weights import set_trained
from keras_mirror.encoder.trained_weights import trained_config
from keras_mirror.merging import copied


def one_layer(backbone):
    backbone.get_layer("transformer_layer_0").trainable = False


def all_but_the_last(backbone):
    backbone.trainable = False
    backbone.get_layer("transformer_layer_1").trainable = True


def adapters(backbone):
    backbone.enable_lora(2)


def the_pooler_too(backbone):
    backbone.get_layer("pooled_dense").trainable = True


QUERY = "transformer_layer_0/self_attention_layer/query"
CHANGES = [one_layer, all_but_the_last, adapters, the_pooler_too]


def changed_model(change):
    model = make_model(dropout=0.0, span_length=0, learning_rate=1e-2)
    change(model.encoder.backbone)
    return model


def fit(model):
    # The pooler has no gradients, of which Keras warns once.
    views = mirror_dataset(texts(20), model.preprocessor, 10, shuffle=False)
    model.fit(views, epochs=1, verbose=0)


def trained_paths(model):
    return [weight.path for weight in model.trainable_variables]


def assert_same_weights(model, other, **tolerances):
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(theirs, ours, **{"rtol": 0, **tolerances})


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("change", CHANGES)
def test_training_goes_on_as_if_it_was_never_saved(change, tmp_path):
    model = changed_model(change)
    model.compile()
    fit(model)
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert trained_paths(loaded) == trained_paths(model)
    assert loaded.get_config() == model.get_config()
    assert fingerprint(loaded) == fingerprint(model)
    assert_same_weights(model, loaded)
    before = loaded.get_weights()
    for each in (model, loaded):
        fit(each)
    assert int(loaded.optimizer.iterations) == 4
    assert_same_weights(model, loaded, atol=1e-6)
    trained = {id(weight) for weight in loaded.trainable_variables}
    for weight, old in zip(loaded.weights, before, strict=True):
        if id(weight) not in trained:
            np.testing.assert_array_equal(weight.numpy(), old, weight.path)


@pytest.mark.parametrize("change", [all_but_the_last, adapters])
def test_what_trains_is_copied(change):
    model = changed_model(change)
    rebuilt = MirrorModel.from_config(model.get_config())
    for other in (copy.deepcopy(model), copied(model), rebuilt):
        assert trained_paths(other) == trained_paths(model)
        shapes = [weight.shape for weight in other.weights]
        assert shapes == [weight.shape for weight in model.weights]


def test_text_embedders_keep_adapters():
    model = changed_model(adapters)
    model.compile()
    fit(model)
    embedder = model.to_text_embedder()
    other = MirrorModel.from_text_embedder(embedder, model.recipe)
    assert trained_paths(other) == trained_paths(model)
    vectors = [each.encode_text(texts(9)) for each in (model, other)]
    np.testing.assert_allclose(*vectors, atol=1e-6)


def test_nothing_is_told_of_encoders_as_they_were_built(model):
    assert trained_config(model.encoder) == {}


@pytest.mark.parametrize(
    "config, message",
    [
        ({"frozen": ["nowhere"]}, "must name layers and weights"),
        ({"lora": {"nowhere": [2, 2]}}, "must name layers and weights"),
        (
            {"lora": {QUERY: [9**9, 2]}},
            "must be an integer from 1 to 8. Received: rank=387420489",
        ),
        ({"lora": {"embeddings_layer_norm": [2, 2]}}, "has no adapters"),
    ],
)
def test_paths_and_ranks_of_other_encoders_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        set_trained(make_backbone(), **config)
