import keras
import keras_hub
import numpy as np
import pytest
from support.models import FEW_FAMILIES
from support.models import compiled_model
from support.models import make_backbone
from support.models import make_model
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror import MirrorPreprocessor
from keras_mirror.encoder.fingerprint import fingerprint


def with_weights_of(model, **settings):
    other = make_model(**settings)
    other.encoder.set_weights(model.encoder.get_weights())
    return other


@pytest.mark.parametrize("family", FEW_FAMILIES)
def test_is_the_archives(family, tmp_path):
    model = make_model(family)
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert fingerprint(loaded) == fingerprint(model)
    assert fingerprint(model) != fingerprint(make_model(family))  # weights


def test_a_step_of_training_changes_it():
    model = compiled_model(recipe="sentence")
    model.fit(texts(10), batch_size=5, epochs=1, verbose=0)
    seen = [fingerprint(model)]
    for _ in range(2):
        model.fit(texts(5), batch_size=5, epochs=1, verbose=0)
        seen.append(fingerprint(model))
    assert len(set(seen)) == 3


def test_encoding_does_not_change_it(model):
    before = fingerprint(model)
    model.encode_text(texts(5))
    assert fingerprint(model) == before


@pytest.mark.parametrize(
    "settings",
    [
        {"pooling_mode": "max"},
        {"sequence_length": 20},
        {"pooled_layers": "first_last"},
        {"dtype": "mixed_bfloat16"},
    ],
)
def test_a_setting_that_vectors_depend_on_changes_it(model, settings):
    other = with_weights_of(model, **settings)
    assert fingerprint(other) != fingerprint(model)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dropout": 0.3},
        {"drophead": 0.2},
        {"span_length": 3},
        {"projection_head": True},
        {"temperature": 0.7},
        {"dtype": "float32"},
        {"dtype": keras.DTypePolicy("float32")},
    ],
)
def test_what_leaves_vectors_alone_leaves_it(model, settings):
    other = with_weights_of(model, **settings)
    np.testing.assert_allclose(
        other.encode_text(texts(5)), model.encode_text(texts(5)), atol=1e-6
    )
    assert fingerprint(other) == fingerprint(model)


def test_knows_the_tokenizer(model):
    vocabulary = model.preprocessor.tokenizer.get_vocabulary()
    swapped = [*vocabulary[:-2], *vocabulary[:-3:-1]]

    def with_tokenizer(*arguments, **options):
        tokenizer = keras_hub.models.BertTokenizer(*arguments, **options)
        preprocessor = MirrorPreprocessor(tokenizer, 24, 5)
        return MirrorModel(model.encoder, preprocessor, model.recipe)

    models = [
        with_tokenizer(vocabulary, lowercase=True),
        with_tokenizer(swapped, lowercase=True),
        with_tokenizer(vocabulary, lowercase=False),
    ]
    assert fingerprint(models[0]) == fingerprint(model)
    assert len(set(map(fingerprint, models))) == 3


def test_of_an_encoder_of_another_kind():
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "padding_mask")
    }
    own = make_model()

    def wrapped():
        backbone = make_backbone(vocabulary_size=300)
        tokens = backbone({**inputs, "segment_ids": 0 * inputs["token_ids"]})
        pooled = tokens["sequence_output"][:, 0]
        dense = keras.layers.Dense(3, kernel_initializer="ones")
        encoder = keras.Model(inputs, dense(pooled))
        model = MirrorModel(encoder, own.preprocessor, own.recipe)
        model.encoder.set_weights(
            [np.full(weight.shape, 0.01) for weight in model.encoder.weights]
        )
        return model

    first, second = wrapped(), wrapped()
    assert fingerprint(first) == fingerprint(second)
    first.encoder.layers[-1].kernel.assign(np.zeros((8, 3)))
    assert fingerprint(first) != fingerprint(second)
