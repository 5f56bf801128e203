import functools
import json
import pathlib
from unittest import mock

import h5py
import huggingface_hub
import keras
import keras_hub
import numpy as np
import pytest
from support.models import save_preset

import keras_mirror
from keras_mirror.presets import RECIPES_FILE
from keras_mirror.presets import preset_fields
from keras_mirror.presets import preset_folder
from keras_mirror.presets.download import PresetUnavailableError
from keras_mirror.presets.load_preset import is_encoder
from keras_mirror.recipes import get_recipe

FOLDER = pathlib.Path(preset_folder("mirror_mini_lm_en"))


@pytest.fixture(scope="module")
def bundled():
    return keras_mirror.MirrorModel.from_preset("mirror_mini_lm_en")


@pytest.fixture(scope="module")
def student():
    return keras_mirror.MirrorModel.from_preset()


def test_plain_keras_hub_loads_it(bundled):
    backbone = keras_hub.models.BertBackbone.from_preset(str(FOLDER))
    tokenizer = keras_hub.tokenizers.BertTokenizer.from_preset(str(FOLDER))
    assert backbone.dtype_policy.name == keras.config.dtype_policy().name
    assert 4 <= backbone.num_layers <= 6
    assert 256 <= backbone.hidden_dim <= 384
    assert backbone.vocabulary_size == tokenizer.vocabulary_size() <= 16_000
    assert bundled.encoder.backbone.count_params() == backbone.count_params()
    for ours, theirs in zip(
        bundled.encoder.backbone.get_weights(),
        backbone.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
        assert np.isfinite(theirs).all()


def test_it_is_small_and_in_half_precision():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25e6
    types = set()
    with h5py.File(FOLDER / "model.weights.h5") as file:
        file.visititems(lambda _, item: types.add(getattr(item, "dtype", None)))
    assert types == {None, np.dtype("float16")}


def test_vocabulary_is_of_lower_case_pieces():
    path = FOLDER / "assets" / "tokenizer" / "vocabulary.txt"
    pieces = path.read_text(encoding="utf-8").split("\n")
    assert pieces[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert all(piece == piece.lower() for piece in pieces[5:])
    assert len(set(pieces)) == len(pieces)
    # Pieces of words, no sentences: no text of the corpora travels along.
    assert not any(" " in piece for piece in pieces)


def test_accents_do_not_matter(bundled):
    plain, accented = bundled.preprocessor.tokenize(["cafe jose", "Café José"])
    assert list(plain) == list(accented)
    unknown = bundled.preprocessor.tokenizer.token_to_id("[UNK]")
    assert unknown not in list(plain)


@pytest.mark.parametrize("name", ["bundled", "student"])
def test_it_knows_english_before_any_fine_tuning(name, request):
    bundled = request.getfixturevalue(name)
    texts = [
        "A man is playing a guitar.",
        "Someone plays the guitar.",
        "The stock market fell on Friday.",
    ]
    vectors = bundled.encode_text(texts)
    cosines = bundled.similarity(vectors, vectors)
    assert cosines[0, 1] > cosines[0, 2] and cosines[0, 1] > cosines[1, 2]


def test_own_recipe_of_the_bundled_preset(bundled):
    fields = preset_fields("mirror_mini_lm_en", "sentence")
    assert fields["learning_rate"] > get_recipe("sentence").learning_rate
    assert bundled.recipe.learning_rate == fields["learning_rate"]
    load = functools.partial(
        keras_mirror.MirrorModel.from_preset, "mirror_mini_lm_en"
    )
    assert load(learning_rate=1e-5).recipe.learning_rate == 1e-5
    recipe = get_recipe("sentence")
    model = load(recipe=recipe)
    assert model.recipe.learning_rate == recipe.learning_rate


def test_the_default_is_a_small_encoder_in_float32(student):
    folder = pathlib.Path(preset_folder())
    assert folder.name == "mirror_student_en" and is_encoder(folder.name)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25e6
    assert student.encoder.pooling_mode == "mean"
    assert {weight.dtype for weight in student.encoder.weights} == {"float32"}
    # Its teacher has cosines of 0.78 and 0.03.
    texts = [
        "How do I change my password?",
        "I forgot my password, how can I reset it?",
        "When does the shop open on Sunday?",
    ]
    vectors = student.encode_text(texts)
    cosines = student.similarity(vectors, vectors)
    assert cosines[0, 1] > 0.5 and cosines[0, 2] < 0.3


def test_its_card_names_its_teacher_and_the_labels_of_that():
    card = pathlib.Path(preset_folder(), "README.md").read_text()
    assert "all-MiniLM-L6-v2" in card and "trained with labels" in card


def test_a_folder_with_its_own_recipe(tmp_path):
    folder = save_preset(tmp_path / "preset")
    path = tmp_path / "preset" / RECIPES_FILE
    path.write_text(json.dumps({"word": {"temperature": 0.5, "epochs": 7}}))
    load = keras_mirror.MirrorModel.from_preset
    word = load(folder, "word", sequence_length=24, epochs=3).recipe
    assert (word.temperature, word.epochs) == (0.5, 3)
    sentence = load(folder, "sentence", sequence_length=24).recipe
    assert sentence.temperature == get_recipe("sentence").temperature
    path.write_text("[1]")
    with pytest.raises(ValueError, match="mirror_recipes.json.*content=list"):
        load(folder)


def test_unknown_names():
    with pytest.raises(ValueError, match="Received: name='mirror_maxi_en'"):
        preset_folder("mirror_maxi_en")
    with pytest.raises(ValueError, match="Similar names: mirror_mini_lm_en"):
        keras_mirror.MirrorModel.from_preset("mirror_mini_lm_eng")


# === What cannot be fetched ===


def local_entry_error(cause):
    """As the Hub's library takes any failure for a missing network."""
    error = huggingface_hub.errors.LocalEntryNotFoundError("your connection")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error, told",
    [
        (local_entry_error(OSError("500 Server Error")), "500 Server Error"),
        (ConnectionError("the server\nhas gone"), "the server has gone"),
        (json.JSONDecodeError("Expecting value", "<html>", 0), "Expecting val"),
    ],
    ids=["server", "connection", "page"],
)
def test_a_handle_that_cannot_be_fetched(monkeypatch, error, told):
    fail = mock.Mock(side_effect=error)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(PresetUnavailableError) as raised:
        keras_mirror.MirrorModel.from_preset("hf://user/name")
    assert f"'hf://user/name' cannot be fetched: {told}" in str(raised.value)
    assert "your connection" not in str(raised.value)


def test_a_handle_that_is_none():
    with pytest.raises(
        ValueError, match="hf://USER/NAME. Received: hf://a/b/c"
    ):
        keras_mirror.MirrorModel.from_preset("hf://a/b/c")


def test_a_name_of_keras_hub_that_cannot_be_fetched(monkeypatch):
    fail = mock.Mock(side_effect=ConnectionError("no network"))
    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", fail)
    with pytest.raises(PresetUnavailableError, match="'bert_tiny_en_uncased' "):
        keras_mirror.MirrorModel.from_preset("bert_tiny_en_uncased")
