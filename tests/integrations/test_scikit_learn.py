import copy
import pathlib
import pickle
import random
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from support.models import make_model
from support.processes import run_python
from support.texts import SENTENCES
from support.texts import texts

import keras_mirror

sklearn = pytest.importorskip("sklearn", reason="needs keras-mirror[sklearn]")
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import Pipeline  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.utils import estimator_checks  # noqa: E402

from keras_mirror.integrations import scikit_learn  # noqa: E402
from keras_mirror.integrations.scikit_learn import MirrorTransformer  # noqa: E402
from keras_mirror.unit_rows import unit_rows  # noqa: E402

# Every test loads or trains a model of its own, as programs do.
pytestmark = pytest.mark.processes
EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
RUN = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
TEXTS = texts(24)
LABELS = [text.split()[0] < "m" for text in TEXTS]


@pytest.fixture
def raw(preset):
    """A transformer that loads and does not train: fast."""
    return MirrorTransformer(preset, fine_tune=False)


@pytest.fixture(scope="module")
def fitted(preset):
    return MirrorTransformer(preset, batch_size=12, random_state=0).fit(TEXTS)


def pipeline(transformer):
    return Pipeline(
        [("encode", transformer), ("classify", LogisticRegression())]
    )


# === What it does ===


def test_transform_encodes(fitted):
    vectors = fitted.transform(SENTENCES)
    expected = unit_rows(fitted.model_.encode_text(SENTENCES))
    np.testing.assert_array_equal(vectors, expected)
    assert vectors.dtype == "float32" and vectors.shape == (10, 8)
    raw = copy.copy(fitted).set_params(normalize=False).transform(SENTENCES)
    np.testing.assert_array_equal(raw, fitted.model_.encode_text(SENTENCES))


def test_fit_mirrors_as_the_model_does(preset, fitted):
    seed = int(np.random.RandomState(0).randint(np.iinfo("int32").max))
    keras.utils.set_random_seed(seed)
    model = keras_mirror.MirrorModel.from_preset(preset, batch_size=12)
    before = model.encode_text(SENTENCES)
    dataset = keras_mirror.mirror_dataset(
        TEXTS, model.preprocessor, 12, seed=seed
    )
    model.compile()
    model.fit(dataset, verbose=0)
    expected = model.encode_text(SENTENCES)
    vectors = fitted.model_.encode_text(SENTENCES)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert np.abs(vectors - before).max() > 1e-4
    assert fitted.model_.record.runs[0].steps == 2


def test_labels_do_not_matter(preset, fitted):
    again = clone(fitted).fit(TEXTS, LABELS)
    np.testing.assert_allclose(
        again.transform(SENTENCES), fitted.transform(SENTENCES), atol=1e-6
    )


def test_settings_reach_the_recipe(preset):
    recipe = keras_mirror.recipes.get_recipe("paper_phrase", temperature=0.3)
    transformer = MirrorTransformer(
        preset,
        recipe=recipe,
        sequence_length=20,
        learning_rate=0.01,
        epochs=3,
        batch_size=7,
        fine_tune=False,
    )
    used = transformer.fit(TEXTS).model_.recipe
    assert (used.temperature, used.sequence_length) == (0.3, 20)
    assert (used.learning_rate, used.epochs, used.batch_size) == (0.01, 3, 7)
    assert transformer.model_.preprocessor.sequence_length == 20


def test_without_fine_tuning_the_preset_stays(preset, raw):
    expected = keras_mirror.MirrorModel.from_preset(preset)
    raw.fit(TEXTS)
    np.testing.assert_allclose(
        raw.model_.encode_text(SENTENCES),
        expected.encode_text(SENTENCES),
        atol=1e-6,
    )
    assert raw.model_.record.runs == ()


def test_an_archive_is_used_as_it_is(tmp_path):
    model = make_model()
    model.save(tmp_path / "encoder.keras")
    transformer = MirrorTransformer(
        tmp_path / "encoder.keras", fine_tune=False, normalize=False
    )
    np.testing.assert_allclose(
        transformer.fit_transform(SENTENCES),
        model.encode_text(SENTENCES),
        atol=1e-6,
    )


def test_random_states_repeat_and_differ(preset, fitted):
    def vectors(random_state):
        transformer = clone(fitted).set_params(random_state=random_state)
        return transformer.fit(TEXTS).transform(SENTENCES)

    expected = fitted.transform(SENTENCES)
    again = vectors(np.random.RandomState(0))
    np.testing.assert_allclose(again, expected, atol=1e-6)
    assert np.abs(vectors(1) - expected).max() > 1e-4


def test_without_a_random_state_numpy_decides():
    def seeds():
        np.random.seed(5)
        with scikit_learn._seeded(None) as first:
            pass
        with scikit_learn._seeded(None) as second:
            pass
        return first, second

    assert seeds() == seeds() and len(set(seeds())) == 2


def test_the_generators_of_others_are_left_alone(raw):
    raw.set_params(random_state=0)
    random.seed(1), np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1), np.random.seed(1)
    raw.fit(TEXTS)
    assert (random.random(), np.random.random()) == expected


# === In scikit-learn ===


def test_scikit_learns_checks(raw):
    """All that need no table of numbers."""
    generator = estimator_checks.estimator_checks_generator(raw)
    with pytest.warns(Warning, match="requires input  of type"):
        checks = [check for _, check in generator]
    checks = [check.func for check in checks]
    checks += [
        getattr(estimator_checks, f"check_{name}")
        for name in (
            "estimator_tags_renamed",
            "valid_tag_types",
            "estimator_repr",
            "no_attributes_set_in_init",
            "do_not_raise_errors_in_init_or_set_params",
            "mixin_order",
            "parameters_default_constructible",
            "get_params_invariance",
            "set_params",
        )
    ]
    assert len(checks) > 9
    for check in checks:
        check("MirrorTransformer", clone(raw))


def test_fit_returns_self_and_changes_no_parameter(preset):
    transformer = MirrorTransformer(preset, fine_tune=False, random_state=3)
    before = copy.deepcopy(transformer.get_params())
    assert transformer.fit(TEXTS) is transformer
    assert transformer.get_params() == before
    state = {name for name in vars(transformer) if name not in before}
    assert state == {"model_"}


def test_before_fit_there_is_nothing(raw):
    for call in (lambda: raw.transform(TEXTS), raw.get_feature_names_out):
        with pytest.raises(NotFittedError):
            call()


def test_order_and_company_of_texts_do_not_matter(fitted):
    expected = fitted.transform(SENTENCES)
    reverse = fitted.transform(SENTENCES[::-1])[::-1]
    single = np.concatenate([fitted.transform([x]) for x in SENTENCES])
    np.testing.assert_allclose(reverse, expected, atol=1e-6)
    np.testing.assert_allclose(single, expected, atol=1e-6)


def test_it_works_in_a_pipeline(preset):
    transformer = MirrorTransformer(preset, batch_size=12, random_state=0)
    fitted = pipeline(transformer).fit(TEXTS, LABELS)
    expected = transformer.fit(TEXTS).transform(TEXTS)
    reference = LogisticRegression().fit(expected, LABELS)
    np.testing.assert_allclose(
        fitted.predict_proba(TEXTS),
        reference.predict_proba(expected),
        atol=1e-4,
    )
    assert fitted.score(TEXTS, LABELS) > 0.5
    assert not hasattr(fitted, "n_features_in_")  # as with TfidfVectorizer


def test_it_works_in_a_grid_search(preset):
    transformer = MirrorTransformer(preset, batch_size=8, random_state=0)
    search = GridSearchCV(
        pipeline(transformer),
        [
            {
                "encode__recipe": ["paper_word"],
                "encode__learning_rate": [1e-2],
            },
            {"encode__fine_tune": [False]},
        ],
        cv=2,
        error_score="raise",
    )
    search.fit(np.array(TEXTS), LABELS)
    best = search.best_estimator_.named_steps["encode"]
    assert len(search.cv_results_["params"]) == 2
    was_trained = "encode__recipe" in search.best_params_
    assert len(best.model_.record.runs) == was_trained
    assert (best.model_.recipe.learning_rate == 1e-2) == was_trained
    assert not hasattr(transformer, "model_")


@pytest.mark.slow
def test_it_works_in_several_processes(raw):
    options = {"cv": 2, "error_score": "raise"}
    grid = {"encode__normalize": [True, False]}
    scores = [
        GridSearchCV(pipeline(raw), grid, n_jobs=number, **options)
        .fit(TEXTS, LABELS)
        .cv_results_["mean_test_score"]
        for number in (1, 2)
    ]
    np.testing.assert_array_equal(*scores)


def test_a_frozen_one_is_not_fitted_again(fitted):
    from sklearn.frozen import FrozenEstimator

    model = fitted.model_
    frozen = make_pipeline(FrozenEstimator(fitted), LogisticRegression())
    copied = clone(frozen).fit(TEXTS[:6], LABELS[:6])
    assert copied[0].estimator.model_ is model
    assert len(model.record.runs) == 1


def test_a_fitted_one_pickles(fitted):
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_allclose(
        copied.transform(SENTENCES), fitted.transform(SENTENCES), atol=1e-6
    )
    assert copied.get_params() == fitted.get_params()


def test_a_fitted_one_is_dumped_for_another_process(fitted, tmp_path):
    import joblib

    joblib.dump(fitted, tmp_path / "transformer.joblib")
    np.save(tmp_path / "vectors.npy", fitted.transform(SENTENCES))
    code = (
        "import sys, joblib, numpy as np, torch\n"
        "from support.texts import SENTENCES\n"
        "vectors = joblib.load(sys.argv[1]).transform(SENTENCES)\n"
        "print(np.abs(vectors - np.load(sys.argv[2])).max() < 1e-6)"
    )
    printed = run_python(
        *[code, tmp_path / "transformer.joblib", tmp_path / "vectors.npy"],
        backend=keras.backend.backend(),
    )
    assert printed.split()[-1] == "True"


def test_features_have_names_and_a_table_can_be_had(fitted):
    pandas = pytest.importorskip("pandas", reason="a table of pandas")
    names = [f"mirrortransformer{number}" for number in range(8)]
    assert fitted.get_feature_names_out().tolist() == names
    as_table = clone(fitted).set_output(transform="pandas")
    as_table.model_ = fitted.model_
    series = pandas.Series(SENTENCES, index=range(10, 20))
    table = as_table.transform(series)
    assert list(table.columns) == names and list(table.index) == [
        *range(10, 20)
    ]
    np.testing.assert_array_equal(table, fitted.transform(SENTENCES))


def test_a_column_of_a_table_is_named_by_a_string(raw):
    pandas = pytest.importorskip("pandas", reason="a table of pandas")
    from sklearn.compose import ColumnTransformer

    table = pandas.DataFrame({"text": TEXTS, "number": range(24)})
    steps = [("text", raw, "text"), ("rest", "passthrough", ["number"])]
    columns = ColumnTransformer(steps)
    assert columns.fit_transform(table).shape == (24, 9)
    names = columns.get_feature_names_out()
    assert names[0] == "text__mirrortransformer0"


@pytest.mark.parametrize(
    "make", [list, tuple, np.array, lambda x: np.array(x, object), iter]
)
def test_texts_of_every_kind(fitted, make):
    np.testing.assert_allclose(
        fitted.transform(make(SENTENCES)),
        fitted.transform(SENTENCES),
        atol=1e-6,
    )


# === Wrong use ===


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    "value, kind, shape",
    [
        ("one text", "str", "()"),
        (np.array([["a", "b"]]), "ndarray", "(1, 2)"),
        (np.array("a"), "ndarray", "()"),
    ],
)
def test_what_is_no_column_is_refused(fitted, method, value, kind, shape):
    message = (
        "`X` must be a list, an array or a series of strings: one column. "
        f"Received: X of type {kind} with shape {shape}"
    )
    transformer = fitted if method == "transform" else clone(fitted)
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        getattr(transformer, method)(value)


def test_numbers_are_refused(fitted):
    with pytest.raises(TypeError, match="Texts must be strings. Received: 1"):
        fitted.transform(np.array([1, 2]))


def test_an_archive_is_not_trained(tmp_path):
    message = (
        "An archive has already been trained by its own recipe: `fine_tune` "
        "must be False. Received: fine_tune=True, preset='encoder.keras'"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        MirrorTransformer("encoder.keras").fit(TEXTS)


def test_one_text_is_too_few(preset):
    with pytest.raises(ValueError, match="at least two different strings"):
        MirrorTransformer(preset).fit(["one", "one"])


def test_without_scikit_learn_one_line_names_the_extra():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import keras_mirror.integrations.scikit_learn"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: `sklearn` is needed for this")
    assert last.endswith(
        'Install it with `pip install "keras-mirror[sklearn]"`'
    )


def test_the_example_in_its_short_form(preset, tmp_path):
    table = tmp_path / "labeled.tsv"
    rows = [f"{text.split()[0] < 'm'}\t{text}" for text in texts(80)]
    table.write_text("\n".join(rows), encoding="utf-8")
    printed = run_python(
        RUN,
        *[EXAMPLES / "text_classification.py", "--preset", preset],
        *["--table", table, "--batch-size", 10, "--limit", 30],
        backend=keras.backend.backend(),
    )
    for line in ("True ", "TF-IDF: accuracy ", "mirror encoder: accuracy "):
        assert line in printed
    assert f"of {len(set(rows)) // 2} texts" in printed
