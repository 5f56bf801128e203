import dataclasses
import re

import keras
import numpy as np
import pytest
from support import models
from support.models import moved
from support.texts import texts

import keras_mirror
from keras_mirror import merge
from keras_mirror.merging import copied
from keras_mirror.recipes import get_recipe


def weights(model):
    return model.encoder.get_weights()


@pytest.mark.parametrize("alpha, end", [(0, 0), (0.0, 0), (1, 1), (1.0, 1)])
def test_the_ends_are_bit_equal(model, alpha, end):
    both = model, moved(model)
    merged = merge(*both, alpha)
    for ours, theirs in zip(weights(merged), weights(both[end]), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(
        merged.encode_text(texts(5)), both[end].encode_text(texts(5))
    )


def test_every_weight_goes_part_of_the_way(model):
    tuned = moved(model)
    merged = merge(model, tuned, 0.3)
    for old, new, found in zip(
        weights(model), weights(tuned), weights(merged), strict=True
    ):
        np.testing.assert_allclose(found, 0.7 * old + 0.3 * new, atol=1e-6)


def test_several_models_are_averaged(model):
    several = [moved(model, amount) for amount in (0.1, 0.2, 0.4)]
    merged = merge(model, several, 0.5)
    for old, found, *new in zip(
        weights(model), weights(merged), *map(weights, several), strict=True
    ):
        expected = 0.5 * old + 0.5 * np.mean(new, axis=0)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_counts_of_tokens_are_merged(trained_model):
    tuned = copied(trained_model)
    counts = tuned.encoder.token_weights.counts
    counts.assign(3 * counts)
    merged = merge(trained_model, tuned, 0.5)
    np.testing.assert_allclose(
        merged.encoder.token_weights.counts,
        2
        * keras.ops.convert_to_numpy(
            trained_model.encoder.token_weights.counts
        ),
    )


def test_heads_are_those_of_the_tuned_model(trained_model):
    tuned = copied(trained_model)
    head = [weight + 1 for weight in tuned.projection_head.get_weights()]
    tuned.projection_head.set_weights(head)
    merged = merge(trained_model, tuned, 0.5)
    for ours, theirs in zip(
        merged.projection_head.get_weights(), head, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_merged_model_is_on_record_trains_and_is_saved(
    trained_model, tmp_path
):
    trained_model = copied(trained_model)
    record = dataclasses.replace(trained_model.record, base="small_bert")
    trained_model.record = record
    merged = merge(trained_model, moved(trained_model), 0.25)
    assert merged.record.notes == (
        "merged: 0.25 of the way from small_bert to the tuned model",
    )
    merged.save(tmp_path / "merged.keras")
    loaded = keras.saving.load_model(tmp_path / "merged.keras")
    assert loaded.record == merged.record
    np.testing.assert_allclose(
        loaded.encode_text(texts(5)), merged.encode_text(texts(5)), atol=1e-6
    )
    loaded.compile()
    loaded.fit(texts(10), batch_size=10, verbose=0)
    assert loaded.record.notes == ()


def test_the_ends_are_not_changed(model):
    tuned = moved(model)
    before = [*weights(model), *weights(tuned)]
    merge(model, tuned, 0.5).encoder.set_weights(
        [0 * weight for weight in weights(model)]
    )
    for ours, theirs in zip(
        before, [*weights(model), *weights(tuned)], strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


OTHERS = {
    "backbone, 'BertBackbone' and 'RobertaBackbone'": {"family": "Roberta"},
    "pooling_mode, 'mean' and 'max'": {"pooling_mode": "max"},
    "pooled_layers, 'last' and 'first_last'": {"pooled_layers": "first_last"},
    "shape of weights": {"frequency_smoothing": 1e-3},
}


@pytest.mark.parametrize("trait", OTHERS)
def test_models_that_are_not_alike_are_refused(model, trait):
    message = (
        "Only models whose encoders are built alike can be merged: train "
        f"`tuned` from `original`. Received: another {trait}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        merge(model, models.make_model(**OTHERS[trait]))


def test_another_tokenizer_is_refused(model):
    other = models.make_model()
    vocabulary = models.word_piece_vocabulary()
    swapped = [*vocabulary[:5], *vocabulary[:4:-1]]
    tokenizer = type(other.preprocessor.tokenizer)(swapped, lowercase=True)
    other = keras_mirror.MirrorModel(
        other.encoder,
        keras_mirror.MirrorPreprocessor(tokenizer, 24),
        other.recipe,
    )
    with pytest.raises(ValueError, match="Received: another tokenizer"):
        merge(model, other)


@pytest.mark.parametrize("end", ["centered", "whitened"])
def test_what_both_end_in_stays_or_is_refused(model, end):
    ended = getattr(model, end)(texts(10))
    merged = merge(ended, copied(ended), 0.5)
    assert getattr(merged.encoder, end)
    np.testing.assert_allclose(
        merged.encode_text(texts(5)), ended.encode_text(texts(5)), atol=1e-6
    )
    other = getattr(model, end)(texts(10, 40))
    with pytest.raises(ValueError, match="were centered, whitened or"):
        merge(ended, other)
    with pytest.raises(ValueError, match=f"Received: another {end}, "):
        merge(model, ended)


def test_projections_that_were_learned_are_merged():
    before, after = (models.projected_model(5) for _ in range(2))
    after.encoder.set_weights(before.encoder.get_weights())
    after.encoder.projection.kernel.assign(np.ones((8, 5)))
    merged = merge(before, after, 0.5).encoder.projection.kernel.numpy()
    expected = (before.encoder.projection.kernel.numpy() + 1) / 2
    np.testing.assert_allclose(merged, expected, atol=1e-6)
    after.encoder.projection.trainable = False
    with pytest.raises(ValueError, match="Received: a different projection"):
        merge(before, after, 0.5)


def test_another_recipe_stays_with_the_copy():
    model = models.make_model()
    recipe = get_recipe(model.recipe, batch_size=7)
    assert copied(model, recipe).preprocessor.recipe == recipe
    assert model.preprocessor.recipe == model.recipe


def test_quantized_models_are_refused():
    model = models.make_model()
    model.quantize("int8")
    with pytest.raises(ValueError, match="Merge first, then call `quantize`"):
        merge(model, model)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, "half", None, True])
def test_alpha_must_be_between_the_ends(model, alpha):
    with pytest.raises(ValueError, match="`alpha` must be a float from 0"):
        merge(model, model, alpha)
