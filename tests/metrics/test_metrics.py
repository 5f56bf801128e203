import functools
import re

import keras
import numpy as np
import pytest
from keras import ops
from support.models import make_model
from support.references import Batches
from support.references import batch_losses
from support.texts import texts

from keras_mirror import metrics

NAMES = ["alignment", "similarity_gap", "uniformity", "mean_vector_norm"]
NAMES += ["isotropy_score"]
SIZES = [(2, 3), (3, 2), (8, 16), (20, 5)]


def random_views(batch_size=8, embedding_dim=16, seed=0):
    generator = np.random.default_rng(seed)
    shape = (2, batch_size, embedding_dim)
    views = generator.normal(size=shape).astype("float32")
    views[1] = views[0] + 0.5 * views[1]
    return views


# === References: loops over strings, in float64 ===


def unit(row):
    return row / np.linalg.norm(row)


def alignment(view_1, view_2):
    distances = [
        np.linalg.norm(unit(row_1) - unit(row_2)) ** 2
        for row_1, row_2 in zip(view_1, view_2, strict=True)
    ]
    return np.mean(distances)


def similarity_gap(view_1, view_2):
    embeddings = [unit(row) for row in [*view_1, *view_2]]
    batch_size = len(view_1)
    positives, negatives = [], []
    for anchor, row in enumerate(embeddings):
        for other, other_row in enumerate(embeddings):
            if anchor == other:
                continue
            is_positive = anchor % batch_size == other % batch_size
            (positives if is_positive else negatives).append(row @ other_row)
    return np.mean(positives) - np.mean(negatives)


def uniformity(embeddings):
    values = []
    for i in range(len(embeddings)):
        for j in range(i + 1, len(embeddings)):
            difference = unit(embeddings[i]) - unit(embeddings[j])
            values.append(np.exp(-2 * np.sum(difference**2)))
    return np.log(np.mean(values))


def mean_vector_norm(embeddings):
    return np.sqrt(sum(np.mean(column) ** 2 for column in embeddings.T))


def isotropy_score(embeddings):
    # The eigenvectors of V^T V are the right singular vectors of V.
    _, _, directions = np.linalg.svd(embeddings)
    sums = []
    for direction in [*directions, *-directions]:
        sums.append(sum(np.exp(direction @ row) for row in embeddings))
    return min(sums) / max(sums)


REFERENCES = {
    function.__name__: function
    for function in (alignment, similarity_gap, uniformity, mean_vector_norm)
}
REFERENCES["isotropy_score"] = isotropy_score


def needs_two_views(name):
    return name in ("alignment", "similarity_gap")


def value_of(name, views):
    function = getattr(metrics, name)
    return float(function(*(views if needs_two_views(name) else views[:1])))


def expected_of(name, views):
    views = [np.asarray(view, "float64") for view in views]
    function = REFERENCES[name]
    return function(*(views if needs_two_views(name) else views[:1]))


# === Correctness ===


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_equals_loops_over_strings(name, size):
    for seed in range(3):
        views = random_views(*size, seed)
        expected = expected_of(name, views)
        assert value_of(name, views) == pytest.approx(expected, 1e-4, 1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_every_dtype_is_computed_in_float32(name, dtype):
    if dtype == "float64":
        views = random_views().astype("float64")
    else:
        views = [ops.cast(view, dtype) for view in random_views()]
    function = getattr(metrics, name)
    value = function(*(views if needs_two_views(name) else views[:1]))
    assert value.shape == ()
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    views = [ops.convert_to_numpy(ops.cast(view, "float32")) for view in views]
    assert float(value) == pytest.approx(expected_of(name, views), 1e-4, 1e-6)


def test_identical_views_are_aligned():
    view, _ = random_views()
    assert value_of("alignment", [view, view]) == 0
    assert value_of("alignment", [view, -view]) == pytest.approx(4)
    assert value_of("alignment", [view, 7 * view]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("number", [2, 3, 8])
def test_simplex(number):
    """The most even arrangement: all cosines are `-1 / (number - 1)`."""
    simplex = np.eye(number) - 1 / number
    cosine = -1 / (number - 1)
    views = [simplex, 3 * simplex]
    assert value_of("uniformity", views) == pytest.approx(-4 * (1 - cosine))
    assert value_of("similarity_gap", views) == pytest.approx(1 - cosine)
    assert value_of("mean_vector_norm", views) == pytest.approx(0, abs=1e-6)


def test_one_vector_repeated():
    vector = np.array([0.3, -0.4, 1.2], "float32")
    views = np.tile(vector, (2, 5, 1))
    length = 1.3
    assert value_of("mean_vector_norm", views) == pytest.approx(length)
    assert value_of("uniformity", views) == pytest.approx(0, abs=1e-5)
    assert value_of("similarity_gap", views) == pytest.approx(0, abs=1e-6)
    # Along the vector and against it; all other directions see nothing.
    score = value_of("isotropy_score", views)
    assert score == pytest.approx(np.exp(-2 * length), rel=1e-4)


def test_isotropy_is_1_where_all_directions_are_alike():
    axes = np.concatenate([np.eye(4), -np.eye(4)])
    assert value_of("isotropy_score", [axes]) == pytest.approx(1, rel=1e-5)


def test_isotropy_does_not_depend_on_the_sign_of_an_eigenvector():
    view, _ = random_views(20, 4)
    view += 1
    score = value_of("isotropy_score", [view])
    assert value_of("isotropy_score", [-view]) == pytest.approx(score, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_huge_and_tiny_embeddings_do_not_overflow(scale, name):
    views = random_views()
    value = value_of(name, views * np.float32(scale))
    if name == "mean_vector_norm":
        expected = scale * value_of(name, views)
    elif name == "isotropy_score":
        expected = 1 if scale < 1 else 0
    else:
        expected = value_of(name, views)
    assert value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_all_zero_embeddings(name):
    views = np.zeros((2, 4, 3), "float32")
    expected = 1 if name == "isotropy_score" else 0
    assert value_of(name, views) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_broken_embeddings_are_not_hidden(name, broken):
    views = random_views()
    views[0, 1, 2] = broken
    value = value_of(name, views)
    assert not np.isfinite(value)


@pytest.mark.parametrize("name", ["uniformity", "similarity_gap"])
def test_one_string_has_no_pairs(name):
    assert np.isnan(value_of(name, random_views(1)))


# === In training ===


@functools.cache
def features():
    """Two batches of two views that differ, as NumPy."""
    preprocessor = make_model().preprocessor
    return [
        tuple(
            {
                name: np.asarray(value)
                for name, value in preprocessor(texts(8, seed)).items()
            }
            for seed in (number, number + 5)
        )
        for number in (1, 2)
    ]


def expected_means(model, batches):
    embeddings = [
        [model.predict_on_batch(view) for view in views] for views in batches
    ]
    return {
        name: np.mean([expected_of(name, views) for views in embeddings])
        for name in NAMES
    }


def test_fit_and_evaluate_log_the_means_over_the_batches():
    model = make_model(dropout=0.0, learning_rate=1e-12)
    model.compile(metrics=NAMES)
    expected = expected_means(model, features())
    history = model.fit(
        Batches(features()),
        validation_data=Batches(features()),
        epochs=2,
        verbose=0,
    ).history
    assert set(history) == {
        *("loss", "val_loss"),
        *NAMES,
        *(f"val_{name}" for name in NAMES),
    }
    for name in NAMES:
        value = pytest.approx([expected[name]] * 2, rel=1e-3, abs=1e-5)
        assert history[name] == value
        assert history[f"val_{name}"] == value
    values = model.evaluate(Batches(features()), verbose=0, return_dict=True)
    assert values.keys() == {"loss", *NAMES}
    in_order = model.evaluate(Batches(features()), verbose=0)
    assert in_order == [values[name] for name in ["loss", *NAMES]]


@pytest.mark.parametrize("how", [{"jit_compile": True}, {"run_eagerly": True}])
def test_compiled_and_eager_steps_log_the_same(how):
    if keras.backend.backend() == "torch" and "jit_compile" in how:
        pytest.skip("torch.compile takes minutes")
    model = make_model(dropout=0.0)
    model.compile(metrics=NAMES, **how)
    batches = features()[:1]
    expected = expected_means(model, batches)
    values = model.evaluate(Batches(batches), verbose=0, return_dict=True)
    for name in NAMES:
        assert values[name] == pytest.approx(expected[name], 1e-3, 1e-5)


def test_metrics_do_not_change_training():
    curves = []
    for names in ([], NAMES):
        keras.utils.set_random_seed(0)
        model = make_model(learning_rate=1e-2)
        model.compile(metrics=names)
        curves.append(batch_losses(model, Batches(features()), epochs=2))
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-5)


def test_mixed_precision_has_metrics():
    model = make_model(dtype="mixed_bfloat16")
    model.compile(metrics=NAMES)
    history = model.fit(Batches(features()), epochs=1, verbose=0).history
    assert np.isfinite([history[name] for name in NAMES]).all()


def test_a_subset_and_recompilation():
    model = make_model()
    for names in (["uniformity", "isotropy_score"], None):
        model.compile(metrics=names)
        history = model.fit(Batches(features()), epochs=1, verbose=0).history
        assert set(history) == {"loss", *(names or [])}


def test_archive_goes_on_with_its_metrics(tmp_path):
    model = make_model(learning_rate=1e-2)
    model.compile(metrics=["alignment", "uniformity"])
    model.fit(Batches(features()), epochs=1, verbose=0)
    model.save(tmp_path / "encoder.keras")
    expected = model.evaluate(Batches(features()), verbose=0)
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    values = loaded.evaluate(Batches(features()), verbose=0)
    assert values == pytest.approx(expected, rel=1e-5)
    history = loaded.fit(Batches(features()), epochs=1, verbose=0).history
    assert set(history) == {"loss", "alignment", "uniformity"}


def test_archive_of_a_model_that_was_not_compiled(tmp_path):
    make_model().save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert not loaded.compiled


@pytest.mark.parametrize(
    "value",
    [
        ["accuracy"],
        ["alignment", "alignment"],
        "alignment",
        [keras.metrics.Mean()],
        [["alignment"]],
        {"alignment": "alignment"},
        5,
    ],
    ids=str,
)
def test_compile_refuses_other_metrics(value):
    model = make_model()
    message = (
        "`metrics` must be a list of different names out of 'alignment', "
        "'similarity_gap', 'uniformity', 'mean_vector_norm', "
        f"'isotropy_score'. Received: metrics={value!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        model.compile(metrics=value)
    assert not model.compiled
