import numpy as np
from support.models import make_model
from support.texts import texts

from keras_mirror.encoder.counted import counted
from keras_mirror.evaluation.pooling_of import pooling_of

TEXTS = texts(30)


def test_tokens_are_weighed_as_they_occur_and_nothing_is_trained():
    model = make_model(recipe="sentence")
    before = model.encode_text(TEXTS)
    weighted = counted(model, [*TEXTS, *TEXTS[:5]])  # a duplicate counts once
    counts = np.asarray(weighted.encoder.token_weights.counts)
    features = {k: np.asarray(v) for k, v in model.preprocessor(TEXTS).items()}
    real = features["token_ids"][features["padding_mask"].astype(bool)]
    np.testing.assert_array_equal(
        counts, np.bincount(real, minlength=len(counts))
    )
    assert np.abs(weighted.encode_text(TEXTS) - before).max() > 1e-3
    np.testing.assert_array_equal(model.encode_text(TEXTS), before)
    # With these counts the model has the same vectors: no other weight moved.
    model.encoder.token_weights.counts.assign(counts)
    np.testing.assert_allclose(
        weighted.encode_text(TEXTS), model.encode_text(TEXTS), atol=1e-6
    )


def test_without_token_weights_there_is_nothing_to_count(model):
    assert counted(model, TEXTS) is model


def test_what_is_said_of_the_pooling():
    model = make_model(recipe="sentence")
    layers = "of the first and the last layer"
    assert pooling_of(model) == f"mean, {layers}, no token counted yet"
    assert pooling_of(counted(model, TEXTS).whitened(TEXTS)) == (
        f"mean, frequent tokens weigh less (0.001), {layers}, whitened"
    )
