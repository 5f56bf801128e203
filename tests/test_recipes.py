import ast
import dataclasses
import json
import pathlib
import re

import keras
import keras_hub
import numpy as np
import pytest

from keras_mirror.presets import RECIPES_FILE
from keras_mirror.presets import preset_folder
from keras_mirror.recipes import ENCODING_FIELDS
from keras_mirror.recipes import FIELDS
from keras_mirror.recipes import RECIPES
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

PAGE = (pathlib.Path(__file__).parents[1] / "docs" / "choose.md").read_text()


def unbuilt_backbone(family):
    backbone_class = getattr(keras_hub.models, f"{family}Backbone")
    return object.__new__(backbone_class)


# === Basics ===


# The paper's section 3 and appendices B and D.
@pytest.mark.parametrize(
    "name, temperature, span_length, sequence_length, pooling_mode, epochs",
    [
        ("paper_sentence", 0.04, 5, 50, None, 1),
        ("paper_phrase", 0.04, 2, 25, "cls", 2),
        ("paper_word", 0.2, 0, 25, "cls", 2),
    ],
)
def test_recipes_are_the_papers(
    name, temperature, span_length, sequence_length, pooling_mode, epochs
):
    assert get_recipe(name).get_config() == {
        "temperature": temperature,
        "span_length": span_length,
        "sequence_length": sequence_length,
        "pooling_mode": pooling_mode,
        "dropout": 0.1,
        "learning_rate": 2e-5,
        "weight_decay": 0.01,
        "epochs": epochs,
        "batch_size": 200,
        "group_by_length": False,
        "mini_batch_size": None,
        "pooled_layers": "last",
        "frequency_smoothing": None,
        "drophead": 0.0,
        "max_negative_similarity": None,
        "guide_ceiling": None,
        "guide_share": None,
        "neighbor_rate": 0.0,
        "neighbor_floor": 0.5,
        "decoupled": False,
        "projection_head": False,
    }


def test_own_recipes_differ_from_the_papers_in_what_is_said():
    own = get_recipe(
        "paper_sentence",
        pooling_mode="mean",
        pooled_layers="first_last",
        frequency_smoothing=1e-3,
        drophead=0.1,
        decoupled=True,
        projection_head=True,
        group_by_length=True,
    )
    assert get_recipe("sentence") == own
    assert get_recipe("sentence_drophead") == dataclasses.replace(
        own, dropout=0.0, drophead=None
    )
    assert get_recipe("word") == get_recipe(
        "paper_word",
        pooling_mode="mean",
        pooled_layers="first_last",
        projection_head=True,
    )
    assert get_recipe("phrase") == get_recipe("paper_phrase")
    adapt = dataclasses.replace(
        own,
        pooling_mode=None,
        pooled_layers="last",
        frequency_smoothing=None,
    )
    assert get_recipe("adapt_together") == dataclasses.replace(
        adapt, guide_share=0.3, neighbor_rate=0.5
    )
    assert get_recipe("adapt_apart") == dataclasses.replace(
        adapt, guide_ceiling=0.6
    )


def test_recipe_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_recipe("word").epochs = 3


# === Correctness ===


@pytest.mark.parametrize(
    "family, pooling_mode",
    [
        ("Bert", "mean"),
        ("Roberta", "cls"),
        ("XLMRoberta", "cls"),
        ("DistilBert", "mean"),
        ("Albert", "mean"),
        ("Electra", "mean"),
        ("DebertaV3", "mean"),
    ],
)
def test_pooling_of_sentences_follows_the_backbone(family, pooling_mode):
    backbone = unbuilt_backbone(family)
    recipe = get_recipe("paper_sentence").for_backbone(backbone)
    assert recipe.pooling_mode == pooling_mode
    assert recipe == get_recipe("paper_sentence", pooling_mode=pooling_mode)
    own = get_recipe("sentence")
    assert own.for_backbone(backbone) == own


def test_without_a_mean_nothing_is_weighed():
    recipe = get_recipe("sentence", pooling_mode="cls")
    unweighed = dataclasses.replace(recipe, frequency_smoothing=None)
    assert recipe.for_backbone(unbuilt_backbone("Bert")) == unweighed


@pytest.mark.parametrize("name", ["sentence", "paper_sentence"])
@pytest.mark.parametrize("family, rate", [("Bert", 0.2), ("Roberta", 0.05)])
def test_drophead_follows_the_backbone(name, family, rate):
    recipe = get_recipe(f"{name}_drophead")
    assert recipe.dropout == 0
    recipe = recipe.for_backbone(unbuilt_backbone(family))
    plain = get_recipe(name).for_backbone(unbuilt_backbone(family))
    assert plain.drophead < 0.2 and plain.dropout == 0.1
    assert recipe == dataclasses.replace(plain, dropout=0.0, drophead=rate)


@pytest.mark.parametrize("family", ["Bert", "Roberta"])
def test_chosen_pooling_stays(family):
    backbone = unbuilt_backbone(family)
    recipe = get_recipe("paper_sentence", pooling_mode="max")
    assert recipe.for_backbone(backbone) == recipe
    word = get_recipe("paper_word").for_backbone(backbone)
    assert word.pooling_mode == "cls"


def test_overrides_replace_fields_and_leave_the_recipe():
    before = dataclasses.asdict(RECIPES["word"])
    recipe = get_recipe("word", epochs=5, dropout=0.0)
    assert recipe.epochs == 5 and recipe.dropout == 0.0
    assert recipe.temperature == 0.2
    assert dataclasses.asdict(RECIPES["word"]) == before


def test_a_recipe_is_taken_as_it_is():
    recipe = Recipe(epochs=7)
    assert get_recipe(recipe) == recipe
    assert get_recipe(recipe, batch_size=2) == Recipe(epochs=7, batch_size=2)


# === Serialization ===


@pytest.mark.parametrize("name", RECIPES)
def test_round_trip(name):
    recipe = get_recipe(name, temperature=0.07)
    config = keras.saving.serialize_keras_object(recipe)
    config = json.loads(json.dumps(config))
    assert keras.saving.deserialize_keras_object(config) == recipe
    assert sorted(config["config"]) == sorted(FIELDS)


def test_config_of_an_old_archive():
    config = {"negative_ceiling": 0.9, "temperature": 0.2}
    recipe = Recipe.from_config(config)
    assert recipe == Recipe(max_negative_similarity=0.9, temperature=0.2)
    assert config == {"negative_ceiling": 0.9, "temperature": 0.2}


# === Other places that list recipes and fields ===


def table(first_column):
    """The rows of the page's table with this first column, as dicts."""
    lines = PAGE[PAGE.index(f"\n| {first_column} |") :].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    header, _, *rows = rows
    return [dict(zip(header, row, strict=True)) for row in rows]


def pooling_words(recipe):
    if recipe.pooling_mode is None:
        return "mean; `[CLS]` for RoBERTa and XLM-R"
    words = {"cls": "`[CLS]`", "mean": "mean"}[recipe.pooling_mode]
    weighted = "weighted " if recipe.frequency_smoothing else ""
    layers = {"last": "", "first_last": " of first and last layer"}
    return weighted + words + layers[recipe.pooled_layers]


def test_table_of_recipes_in_the_page():
    rows = {}
    for row in table("recipe"):
        for name in re.findall(r'`"(\w+)"`', row.pop("recipe")):
            rows[name] = row
    assert rows == {
        name: {
            "temperature": f"{recipe.temperature:g}",
            "masked characters": str(recipe.span_length or "none"),
            "tokens": str(recipe.sequence_length),
            "epochs": str(recipe.epochs),
            "pooling": pooling_words(recipe),
        }
        for name, recipe in RECIPES.items()
    }


def test_table_of_fields_in_the_page():
    paper, own = (
        get_recipe(name).get_config() for name in ("paper_sentence", "sentence")
    )
    # The table has "mean" in common: the paper's choice for BERT.
    paper["pooling_mode"] = own["pooling_mode"]
    rows = {
        row["field"].strip("`"): tuple(
            ast.literal_eval(row[name].strip("`"))
            for name in ("paper", '`"sentence"`')
        )
        for row in table("field")
    }
    assert rows == {
        name: (paper[name], own[name])
        for name in FIELDS
        if paper[name] != own[name]
    }


def test_what_the_page_says_of_all_recipes():
    [(size, rate, learning_rate, decay)] = re.findall(
        r"batches of (\d+), dropout (\S+) .*?AdamW at (\S+)\s.*?decay (\S+) on",
        PAGE,
        re.S,
    )
    for name, recipe in RECIPES.items():
        assert recipe.batch_size == int(size)
        assert recipe.learning_rate == float(learning_rate)
        assert recipe.weight_decay == float(decay)
        dropped = 0.0 if name.endswith("_drophead") else float(rate)
        assert recipe.dropout == dropped


def test_recipes_of_the_bundled_language_model():
    path = pathlib.Path(preset_folder("mirror_mini_lm_en")) / RECIPES_FILE
    for name, fields in json.loads(path.read_text()).items():
        assert set(fields) <= set(FIELDS)
        assert name in RECIPES and get_recipe(name, **fields) != RECIPES[name]


def test_every_field_is_explained():
    for name, field in FIELDS.items():
        assert field.metadata["help"].endswith(".")
        assert f"\n        {name}: " in Recipe.__doc__


def test_encoding_fields_are_fields():
    assert set(ENCODING_FIELDS) < set(FIELDS)


# === Invalid arguments ===


@pytest.mark.parametrize("name", ["sentences", "", None, 3, ["word"], {}])
def test_unknown_recipe_is_refused(name):
    message = (
        "`recipe` must be one of ('sentence', 'sentence_drophead', 'phrase', "
        "'word', 'adapt_together', 'adapt_apart', 'paper_sentence', "
        "'paper_sentence_drophead', "
        "'paper_phrase', 'paper_word') or a `Recipe`. "
        f"Received: recipe={name!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        get_recipe(name)


def test_unknown_fields_are_refused():
    message = (
        f"A recipe has the fields {list(FIELDS)}. Received: ['drop', 'tau']"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        get_recipe("word", tau=0.1, drop=0.1)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "name, expected, values",
    [
        ("temperature", "a positive float", [0, -0.04, NAN, INF, "0.04", None]),
        ("span_length", "an integer, 0 or more", [-1, 2.0, True, None]),
        (
            "sequence_length",
            "an integer of 3 to 100000",
            [2, 0, -5, 100_001, 24.0, None],
        ),
        (
            "pooling_mode",
            "one of ('cls', 'mean', 'max', 'padded_mean') or None",
            ["median", "", 1],
        ),
        ("pooled_layers", "one of ('last', 'first_last')", ["all", None, 1]),
        (
            "frequency_smoothing",
            "a positive float or None",
            [0, -1e-3, NAN, INF, "0.1", True],
        ),
        ("dropout", "a float in [0, 1)", [1, 1.0, -0.1, NAN, None, False]),
        ("drophead", "a float in [0, 1) or None", [1, -0.1, NAN, "0", False]),
        (
            "max_negative_similarity",
            "a float in (-1, 1] or None",
            [-1, 1.1, NAN, "0.9", True],
        ),
        (
            "learning_rate",
            "a float in (0, 1], such as 2e-5",
            [0, -1e-5, 2e5, 1e30, NAN, INF, None],
        ),
        ("weight_decay", "a float, 0 or more", [-0.01, NAN, INF, None]),
        ("epochs", "a positive integer", [0, -1, 1.5, True, None]),
        ("batch_size", "an integer, 2 or more", [1, 0, -2, 2.0, None]),
        ("mini_batch_size", "a positive integer or None", [0, -2, 2.0, True]),
        ("group_by_length", "a boolean", [0, 1, None, "yes"]),
        ("decoupled", "a boolean", [0, 1, None, "yes"]),
        ("projection_head", "a boolean", [0, 1, None, "yes"]),
    ],
)
def test_values_out_of_range_are_refused(name, expected, values):
    for value in values:
        message = f"`{name}` must be {expected}. Received: {name}={value!r}"
        with pytest.raises(ValueError, match=re.escape(message)):
            get_recipe("sentence", **{name: value})


@pytest.mark.parametrize(
    "name, values",
    [
        ("temperature", [1e-3, 1]),
        ("span_length", [0, 1]),
        ("sequence_length", [3, 100_000]),
        ("pooling_mode", [None, "cls", "padded_mean"]),
        ("pooled_layers", ["last", "first_last"]),
        ("frequency_smoothing", [None, 1e-9, 1]),
        ("dropout", [0, 0.99]),
        ("drophead", [None, 0, 0.99]),
        ("max_negative_similarity", [None, -0.99, 1]),
        ("learning_rate", [1e-9, 1]),
        ("weight_decay", [0, 0.0, 1]),
        ("epochs", [1, 100]),
        ("batch_size", [2, 4096]),
        ("mini_batch_size", [None, 1, 4096]),
        ("group_by_length", [True, False]),
        ("decoupled", [True, False]),
        ("projection_head", [True, False]),
    ],
)
def test_values_at_the_border_are_taken(name, values):
    for value in values:
        assert getattr(Recipe(**{name: value}), name) == value


@pytest.mark.parametrize(
    "name, value",
    [
        ("epochs", np.int64(2)),
        ("batch_size", np.int32(2)),
        ("mini_batch_size", np.uint8(2)),
        ("temperature", np.float32(0.5)),
        ("learning_rate", np.float64(0.5)),
        ("max_negative_similarity", np.int64(1)),
    ],
)
def test_numbers_of_numpy_become_pythons(name, value):
    recipe = Recipe(**{name: value})
    assert getattr(recipe, name) == value
    assert type(getattr(recipe, name)) in (int, float)
    assert Recipe(**json.loads(json.dumps(recipe.get_config()))) == recipe
