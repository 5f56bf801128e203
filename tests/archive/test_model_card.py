import zipfile

import keras
import numpy as np
import pytest
import yaml
from support.models import make_model
from support.models import projected_model
from support.texts import texts

import keras_mirror
from keras_mirror.archive.model_card import model_card
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.training_run import TrainingRun

LONG_AGO = TrainingRun(
    corpus={
        "num_strings": 9255,
        "num_pairs": 7,
        "num_read": 10001,
        "num_empty": 1,
        "num_binary": 0,
        "num_duplicates": 745,
        "sha256": "0123abcd",
    },
    batch_size=200,
    epochs=2,
    completed_epochs=1,
    steps=1046,
    seconds=1235.25,
    versions={"keras_mirror": "0.1.0", "backend": "torch 2.13.0"},
)


@pytest.fixture
def model():
    return make_model(recipe="sentence", learning_rate=3e-4)


def header_of(card):
    _, header, body = card.split("---\n", 2)
    return yaml.safe_load(header), body


def rows_of(card):
    cells = [line.split("|") for line in card.splitlines() if line[:1] == "|"]
    return {row[1].strip(): row[2].strip() for row in cells}


# === The header ===


def test_header_is_what_the_hub_reads(model):
    header, _ = header_of(model_card(model))
    assert header == {
        "library_name": "keras",
        "pipeline_tag": "sentence-similarity",
        "tags": ["keras-mirror", "mirror-bert", "sentence-similarity"],
    }


def test_the_hubs_own_reader_takes_it(model):
    import huggingface_hub

    model.record = TrainingRecord("hf://owner/bert-base")
    card = huggingface_hub.ModelCard(
        model_card(model, library_name="sentence-transformers")
    )
    assert card.data.library_name == "sentence-transformers"
    assert card.data.base_model == "owner/bert-base"
    assert card.data.pipeline_tag == "sentence-similarity"


@pytest.mark.parametrize(
    "base",
    [None, "mirror_mini_lm_en", "kaggle://keras/bert/keras/base_en"]
    + ["hf://a/b/c", "hf://a", "hf://a/b\n", "hf://a/b: c"],
)
def test_only_an_identifier_of_the_hub_is_a_base_model(model, base):
    model.record = TrainingRecord(base)
    header, _ = header_of(model_card(model))
    assert "base_model" not in header


@pytest.mark.parametrize("name", ["yes", 'a "b"', "a: [b", "# c", "1.5"])
def test_a_name_of_a_library_is_a_string_of_yaml(model, name):
    header, _ = header_of(model_card(model, library_name=name))
    assert header["library_name"] == name


# === The text ===


def test_what_the_model_is(model):
    model.record = TrainingRecord("some_base")
    card = model_card(model)
    rows = rows_of(card)
    assert "\n# some_base\n" in card
    assert rows["base"] == "some_base"
    assert rows["backbone"] == (
        "BertBackbone, num_layers 2, hidden_dim 8, num_heads 2, "
        "intermediate_dim 16"
    )
    sizes = [
        sum(int(np.prod(weight.shape)) for weight in part.weights)
        for part in (model.encoder, model.projection_head)
    ]
    expected = "{:,}, {:,} more in training".format(*sizes)
    assert rows["parameters"] == expected
    assert rows["vector"].startswith("8 numbers; `encode_text` ")
    assert rows["longest text"] == "24 tokens; longer ones are cut"
    size = model.preprocessor.tokenizer.vocabulary_size()
    assert rows["tokenizer"] == f"BertTokenizer, {size:,} tokens"
    assert rows["pooling"] == (
        "mean, frequent tokens weigh less (0.001), of the first and the last "
        "layer"
    )


def test_a_mean_that_is_subtracted_is_told(model):
    rows = rows_of(model_card(model.centered(texts(5))))
    assert rows["pooling"].endswith("last layer, the mean direction removed")
    rows = rows_of(model_card(model.whitened(texts(5))))
    assert rows["pooling"].endswith("last layer, whitened")


def test_other_dimensions_are_told():
    rows = rows_of(model_card(projected_model(5)))
    assert rows["pooling"].endswith("last layer, projected to 5 dimensions")
    assert (
        rows["vector"]
        == "5 of 8 numbers; `encode_text` does not normalize them"
    )


def test_every_field_of_the_recipe_is_there(model):
    rows = rows_of(model_card(model))
    for name, value in model.recipe.get_config().items():
        assert rows[name] == str(value)


def test_every_run_is_told(model):
    unknown = TrainingRun(steps=3, epochs=1, completed_epochs=1, seconds=2)
    model.record = TrainingRecord("base").with_run(LONG_AGO).with_run(unknown)
    lines = model_card(model).splitlines()
    assert "# base, mirror-fine-tuned" in lines
    assert [line for line in lines if line.startswith("1. ")] == [
        "1. 9,255 strings (7 of them pairs, 1 empty dropped, 745 duplicates "
        "dropped), SHA-256 0123abcd; 1 of 2 epochs; 1,046 steps of 200 "
        "strings, 1,235.2 seconds; keras_mirror 0.1.0, backend torch 2.13.0.",
        "1. an unknown corpus; 1 of 1 epochs; 3 steps, 2.0 seconds.",
    ]


def test_without_a_run_and_without_scores_it_says_so(model):
    card = model_card(model)
    assert "\n# Text encoder\n" in card
    assert "No `fit` is on record." in card and "sha256sum" not in card
    assert "## Scores\n\nNone are on record." in card


def test_scores_are_told(model):
    scores = {"STS-B dev, Spearman x 100": 72.13, "SICK": 0.5}
    model.record = model.record.with_scores(scores)
    rows = rows_of(model_card(model))
    assert rows["STS-B dev, Spearman x 100"] == "72.13"
    assert rows["SICK"] == "0.5"


def test_names_cannot_break_a_table(model):
    model.record = TrainingRecord("a|b\nc").with_scores({"x\n|y": 1})
    lines = model_card(model).splitlines()
    assert "# a|b c" in lines
    assert "| base | a\\|b c |" in lines and "| x \\|y | 1 |" in lines


def test_title_and_how_to_load(model):
    card = model_card(model, title="My\nencoder", how_to_load="load('x')\n")
    assert "\n# My encoder\n" in card
    assert "## How to load\n\n```python\nload('x')\n```\n" in card
    markdown = "Run this:\n\n```bash\nserve model\n```"
    card = model_card(model, how_to_load=markdown)
    assert f"## How to load\n\n{markdown}\n\n## What it is" in card


def test_the_code_for_an_archive_runs(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model.save("encoder.keras")
    code = model_card(model).split("```python\n")[1].split("```")[0]
    names = {}
    exec(code, names)
    assert names["vectors"].shape == (1, 8)


@pytest.mark.parametrize("family", ["Roberta", "Albert", "DebertaV3"])
def test_other_backbones_have_a_card(family):
    rows = rows_of(model_card(make_model(family)))
    assert rows["backbone"].startswith(f"{family}Backbone, num_layers 2")


def test_an_encoder_of_ones_own_has_a_card(model):
    inputs = model.encoder.input
    outputs = keras.layers.Dense(3)(model.encoder(inputs))
    encoder = keras.Model(inputs, outputs, name="own")
    own = keras_mirror.MirrorModel(encoder, model.preprocessor)
    rows = rows_of(model_card(own))
    assert rows["backbone"] == "Functional"
    assert rows["vector"].startswith("3 numbers; `encode_text` ")


# === In an archive ===


def test_every_archive_holds_its_card(model, tmp_path):
    model.compile()
    model.fit(texts(10), batch_size=5, epochs=1, verbose=0)
    path = tmp_path / "encoder.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        card = archive.read("assets/README.md").decode("utf-8")
        everything = b"".join(map(archive.read, names)).decode("latin-1")
    assert card == model_card(model)
    assert "2 steps of 5 strings" in card
    assert not any(text in everything for text in texts(10))
    assert [n for n in names if n.endswith("vocabulary.txt")]


def test_a_model_loaded_and_saved_again_has_a_new_card(model, tmp_path):
    model.save(tmp_path / "1.keras")
    loaded = keras.saving.load_model(tmp_path / "1.keras")
    loaded.record = loaded.record.with_scores({"dev": 1})
    loaded.save(tmp_path / "2.keras")
    cards = [
        zipfile.ZipFile(tmp_path / f"{n}.keras").read("assets/README.md")
        for n in (1, 2)
    ]
    assert b"| dev | 1 |" in cards[1] and b"| dev | 1 |" not in cards[0]


def test_weights_alone_need_no_card(model, tmp_path):
    path = tmp_path / "encoder.weights.h5"
    model.save_weights(path)
    other = make_model(recipe="sentence")
    other.load_weights(path)
    np.testing.assert_array_equal(
        other.encode_text("a man"), model.encode_text("a man")
    )


def test_a_record_adds_no_lines_and_no_html():
    text = "1\n\n# Title\n<script>"
    model = make_model()
    run = TrainingRun(steps=1, versions={"keras": text})
    model.record = TrainingRecord(runs=(run,), notes=(text,))
    card = model_card(model)
    assert "# Title" in card
    assert "\n# Title" not in card and "<script" not in card
