import re
from copy import deepcopy

import keras
import numpy as np
import pytest
from support.models import compiled_model
from support.models import make_model
from support.references import batch_losses
from support.references import reference_loss
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror import MirrorPreprocessor
from keras_mirror import mirror_dataset
from keras_mirror.encoder.mirror_text_embedder import MirrorTextEmbedder


def views_of(dataset):
    """The first batch's views, as NumPy."""
    view_1, view_2 = next(iter(dataset))
    return [
        {name: np.asarray(feature) for name, feature in view.items()}
        for view in (view_1, view_2)
    ]


class OneBatch(keras.utils.PyDataset):
    """A dataset of two given views."""

    def __init__(self, *views):
        super().__init__()
        self.views = views

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.views


# === Correctness ===


def test_evaluate_is_the_original_loss_of_the_two_views():
    model = compiled_model()
    dataset = mirror_dataset(
        SENTENCES, model.preprocessor, batch_size=9, shuffle=False, seed=1
    )
    view_1, view_2 = views_of(dataset)
    assert (view_1["token_ids"] != view_2["token_ids"]).any()
    embeddings = [model.predict_on_batch(view) for view in (view_1, view_2)]
    expected = reference_loss(*embeddings, model.recipe.temperature)
    # The dataset draws new spans each time: give Keras these very views.
    loss = model.evaluate(OneBatch(view_1, view_2), verbose=0)
    assert loss == pytest.approx(expected, rel=1e-4)


def test_single_batches_train_and_test_as_fit_and_evaluate_do():
    model = compiled_model(dropout=0.0, span_length=0)
    embeddings = model.encode_text(SENTENCES[:9])
    expected = reference_loss(embeddings, embeddings, 0.04)
    views = model.preprocessor.views(SENTENCES[:9])
    for call in (model.test_on_batch, model.train_on_batch):
        assert float(call(*views)) == pytest.approx(expected, rel=1e-4)
    assert float(model.test_on_batch(*views)) < expected


def test_fit_logs_the_original_loss_of_the_first_step():
    model = compiled_model(dropout=0.0, span_length=0)
    embeddings = model.encode_text(SENTENCES[:9])
    expected = reference_loss(embeddings, embeddings, 0.04)
    dataset = mirror_dataset(
        SENTENCES[:9], model.preprocessor, batch_size=9, shuffle=False
    )
    history = model.fit(dataset, epochs=1, verbose=0)
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-4)


def test_strings_that_differ_in_case_are_not_negatives():
    model = compiled_model(dropout=0.0, span_length=0)
    strings = SENTENCES[:3]
    loss = float(model.test_on_batch(*model.preprocessor.views(strings)))
    shouted = [*strings, *(text.upper() for text in strings)]
    views = model.preprocessor.views(shouted)
    embeddings = model.encode_text(shouted)
    unaware = reference_loss(embeddings, embeddings, 0.04)
    # Each has the same two negatives as before, but twice.
    assert 0 < loss < float(model.test_on_batch(*views)) < unaware
    for view in views:
        view.pop("string_ids")
    assert float(model.test_on_batch(*views)) == pytest.approx(
        unaware, rel=1e-4
    )


def test_switches_of_the_recipe_reach_the_loss():
    losses = []
    for switches in (
        {},
        {"max_negative_similarity": -0.999},
        {"decoupled": True},
    ):
        model = compiled_model(**switches)
        views = model.preprocessor.views(SENTENCES[:9], seed=(1, 2))
        losses.append(float(model.test_on_batch(*views)))
    assert losses[0] > 0.1 and losses[1] == pytest.approx(0, abs=1e-6)
    assert losses[2] < losses[0] - 0.01


def test_fit_on_pairs_trains_on_both_texts():
    losses = []
    strings = texts(16)
    for pairs in (list(zip(strings, texts(16, 9), strict=True)), strings):
        model = compiled_model(dropout=0.0, span_length=0)
        history = model.fit(pairs, batch_size=16, epochs=1, verbose=0)
        losses.append(history.history["loss"][0])
    assert losses[0] > losses[1] + 0.1


def test_temperature_of_the_recipe_reaches_the_loss():
    losses = []
    for temperature in (0.04, 0.2):
        model = compiled_model(
            dropout=0.0, span_length=0, temperature=temperature
        )
        losses.append(model.evaluate(SENTENCES, batch_size=10, verbose=0))
    assert losses[0] < losses[1] - 0.01


def test_training_brings_views_together():
    model = compiled_model(learning_rate=1e-2, sequence_length=16)
    dataset = mirror_dataset(
        SENTENCES + texts(10), model.preprocessor, batch_size=20, seed=0
    )
    before = model.evaluate(dataset, verbose=0)
    model.fit(dataset, epochs=10, verbose=0)
    assert model.evaluate(dataset, verbose=0) < 0.8 * before


def test_dropout_differs_between_the_two_views_of_a_text():
    model = make_model(dropout=0.5)
    features = model.preprocessor(["a man plays a guitar"] * 2)
    embeddings = keras.ops.convert_to_numpy(model(features, training=True))
    assert np.abs(embeddings[0] - embeddings[1]).max() > 1e-3


def test_same_seed_repeats_the_whole_loss_curve():
    curves = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        model = make_model(learning_rate=1e-3)
        model.compile()
        dataset = mirror_dataset(
            texts(90), model.preprocessor, batch_size=30, seed=7
        )
        curves.append(batch_losses(model, dataset, epochs=3))
    np.testing.assert_array_equal(curves[0], curves[1])
    assert len(set(curves[0])) == len(curves[0])


def test_every_backbone_weight_but_the_pooler_trains():
    model = make_model(learning_rate=1e-2)
    names = [weight.path for weight in model.trainable_weights]
    assert not [name for name in names if "pooled" in name]
    model.compile()
    before = [np.array(weight) for weight in model.encoder.get_weights()]
    model.fit(SENTENCES, batch_size=10, epochs=1, verbose=0)
    after = model.encoder.get_weights()
    paths = [weight.path for weight in model.encoder.weights]
    still = [
        path
        for path, old, new in zip(paths, before, after, strict=True)
        if (old == new).all()
    ]
    # A key's bias moves no softmax: its gradient is zero but for rounding.
    excused = re.compile("pooled|seed_generator|key/bias")
    assert [path for path in still if not excused.search(path)] == []
    assert any("pooled" in path for path in still)


# === Keras's own ways ===


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_close_to_float32(policy):
    if policy == "mixed_float16" and keras.backend.backend() == "jax":
        pytest.skip("JAX on a CPU has no float16 matrix product")
    losses = {}
    for dtype in ("float32", policy):
        model = compiled_model(dtype=dtype, dropout=0.0, span_length=0)
        losses[dtype] = batch_losses(
            model,
            mirror_dataset(
                texts(40), model.preprocessor, batch_size=20, shuffle=False
            ),
            epochs=2,
        )
    assert model.encoder.backbone.compute_dtype == policy.split("_")[1]
    assert model.dtype_policy.name == policy
    first = losses["float32"][0]
    assert losses[policy][0] == pytest.approx(first, rel=0.02)
    assert np.isfinite(losses[policy]).all()
    view = model.predict_on_batch(model.preprocessor(["a man"]))
    assert view.dtype == "float32"


def test_compile_takes_no_loss():
    message = (
        "`MirrorModel` has its loss built in (InfoNCE over two views): call "
        "`compile()` without one. Received: loss=mse"
    )
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        make_model().compile(loss="mse")


def test_compile_makes_the_original_optimizer():
    model = make_model(learning_rate=1e-3, weight_decay=0.02)
    model.compile()
    optimizer = model.optimizer
    assert isinstance(optimizer, keras.optimizers.AdamW)
    assert float(optimizer.learning_rate) == pytest.approx(1e-3)
    assert optimizer.weight_decay == 0.02
    assert optimizer.epsilon == 1e-8
    model.compile(optimizer=keras.optimizers.SGD(0.5))
    assert isinstance(model.optimizer, keras.optimizers.SGD)


def test_fit_takes_epochs_from_the_recipe():
    model = compiled_model(epochs=2)
    history = model.fit(SENTENCES, batch_size=10, verbose=0)
    assert len(history.history["loss"]) == 2


def test_fit_follows_its_own_recipe_where_a_preprocessor_is_shared():
    model = make_model(batch_size=10)
    MirrorModel(model.encoder, model.preprocessor, "sentence")
    model.compile()
    model.fit(texts(20), epochs=1, verbose=0)
    assert model.record.runs[-1].batch_size == 10


def test_a_dataset_of_other_tokens_is_refused():
    model, other = compiled_model(), make_model("Roberta")
    dataset = mirror_dataset(texts(20), other.preprocessor, batch_size=10)
    for call in (model.fit, model.evaluate):
        with pytest.raises(
            ValueError, match="of another RobertaTokenizer, and"
        ):
            call(dataset)
    equal = mirror_dataset(texts(20), make_model().preprocessor, batch_size=10)
    model.fit(equal, epochs=1, verbose=0)


def test_no_epochs_train_nothing():
    model = compiled_model()
    before = model.get_weights()
    history = model.fit(SENTENCES, batch_size=10, epochs=0, verbose=0)
    assert history.epoch == []
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


KINDS = ["list", "array", "series", "generator", "tf.data"]


@pytest.mark.parametrize("kind", KINDS)
def test_fit_takes_strings(kind):
    strings = texts(20)
    if kind == "array":
        strings = np.array(strings)
    if kind == "series":
        strings = pytest.importorskip("pandas").Series(strings)
    if kind == "generator":
        strings = (string for string in strings)
    if kind == "tf.data":
        tf = pytest.importorskip("tensorflow", reason="tf.data is its own")
        strings = tf.data.Dataset.from_tensor_slices(strings)
    model = compiled_model()
    history = model.fit(
        strings,
        batch_size=10,
        epochs=1,
        verbose=0,
        validation_data=(texts(20, seed=1), None),
        steps_per_epoch=1,
    )
    assert set(history.history) == {"loss", "val_loss"}


def test_fit_says_what_to_do_instead_of_splitting():
    model = compiled_model()
    message = "give some of them as `validation_data`. Received: validation_sp"
    with pytest.raises(ValueError, match=message):
        model.fit(SENTENCES, validation_split=0.5)


@pytest.mark.parametrize("kind", ["list", "array", "string"])
def test_texts_in_place_of_features_are_sent_to_encode_text(model, kind):
    given = {"list": SENTENCES, "array": np.array(SENTENCES), "string": "one"}
    for call in (model, model.predict):
        with pytest.raises(TypeError, match=r"use `model.encode_text\("):
            call(given[kind])


def test_fit_on_fewer_strings_than_a_batch_says_so_and_trains():
    model = compiled_model()
    with pytest.warns(UserWarning, match="10 usable strings, fewer than"):
        history = model.fit(SENTENCES, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])


# === Use ===


def test_encode_text_does_not_depend_on_the_batch():
    model = make_model(pooling_mode="mean")
    others = texts(500)
    together = model.encode_text([*others, *SENTENCES])
    alone = np.concatenate([model.encode_text(text) for text in SENTENCES])
    np.testing.assert_allclose(alone, together[500:], atol=1e-5)


def test_encode_text_shapes(model):
    assert model.encode_text([]).shape == (0, 8)
    assert model.encode_text("one").shape == (1, 8)
    vectors = model.encode_text(np.array(["one", "two"]))
    assert vectors.shape == (2, 8)
    assert type(vectors) is np.ndarray and vectors.dtype == "float32"
    assert np.isfinite(model.encode_text(["", " ", "\0", "x" * 10**6])).all()


def test_encode_text_refuses_what_is_no_text(model):
    for value in (None, [["nested"]]):
        with pytest.raises(TypeError, match="Texts must be .*Received: "):
            model.encode_text(value)


def test_similarity_is_the_cosine(model):
    vectors = np.array([[3.0, 4.0], [0.0, 0.0], [-4.0, 3.0]])
    cosines = model.similarity(vectors, 7 * vectors)
    expected = [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    np.testing.assert_allclose(cosines, expected, atol=1e-6)
    assert cosines.dtype == "float32"


@pytest.mark.parametrize(
    "shapes", [((8,), (2, 8)), ((2, 8), (8,)), ((2, 8), (2, 4)), ((), ())]
)
def test_similarity_is_of_rows(model, shapes):
    arrays = [np.ones(shape) for shape in shapes]
    message = f"Received: shapes {shapes[0]} and {shapes[1]}"
    for each in (model, MirrorTextEmbedder(model.encoder, model.preprocessor)):
        with pytest.raises(ValueError, match=re.escape(message)):
            each.similarity(*arrays)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_similarity_is_of_finite_numbers(model, value):
    rows = np.eye(2, 8)
    other = rows.copy()
    other[1, 0] = value
    message = r"NaN or infinity in row 1 of `embeddings_2`$"
    with pytest.raises(ValueError, match=message):
        model.similarity(rows, other)


def test_names_of_other_libraries_are_answered(model):
    assert not hasattr(model, "encode")
    with pytest.raises(
        AttributeError, match="encodes texts with `encode_text`"
    ):
        model.encode(["a man"])
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = model.other


# === Copies ===


@pytest.mark.parametrize("family", ["Bert", "Roberta", "XLMRoberta"])
@pytest.mark.parametrize("is_python", [True, False])
def test_a_model_of_a_config_says_what_it_lacks(family, is_python):
    clone = keras.models.clone_model(make_model(family))
    encode = clone.encode_text if is_python else clone.preprocessor.count_tokens
    with pytest.raises(ValueError, match=r"call `copy.deepcopy\(model\)`"):
        encode(["a man"])


def test_an_encoder_is_copied_whole_or_not_at_all(model):
    message = r"Call `copy.deepcopy\(encoder\)` for a copy"
    with pytest.raises(ValueError, match=message):
        keras.models.clone_model(model.encoder)
    copied = deepcopy(model.encoder)
    features = model.preprocessor(["a man"])
    vectors = [
        keras.ops.convert_to_numpy(encoder(features))
        for encoder in (copied, model.encoder)
    ]
    np.testing.assert_array_equal(*vectors)
    assert copied.get_config() == model.encoder.get_config()


def test_a_deep_copy_encodes():
    model = make_model()
    vectors = [each.encode_text("a man") for each in (model, deepcopy(model))]
    np.testing.assert_array_equal(*vectors)


def test_texts_longer_than_the_backbone_has_positions():
    model = make_model()
    longer = MirrorPreprocessor(model.preprocessor.tokenizer, 65)
    message = "`sequence_length` must be at most 64.*sequence_length=65"
    with pytest.raises(ValueError, match=message):
        MirrorModel(model.encoder, longer)
