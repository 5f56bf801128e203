"""Models whose `tokenizer.json` the tokenizers library follows itself."""

import copy
import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import keras
import numpy as np
import pytest
import sentence_transformers
from sentence_transformers.sentence_transformer import modules
from support.folders import STRINGS_OF_MANY_LANGUAGES as STRINGS
from support.folders import make_bert_folder
from support.tokenizer_steps import VARIANTS
from support.tokenizer_steps import edit
from support.tokenizer_steps import make

import keras_mirror
from keras_mirror import MirrorModel
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.integrations.load_model import load_archive

# One for each kind of vocabulary, template, and side.
SOME = ["nfkc-words", "two-starts", "left", "roberta-digits", "never"]


def load(path, name, mode="mean", length=12):
    """The model of a variant, and what sentence-transformers makes of it."""
    source, target = path / "source", path / "folder"
    source.mkdir()
    model_type, parts = VARIANTS[name]
    make(source, model_type, **parts)
    if name == "left":
        edit(source / "tokenizer_config.json", truncation_side="left")
    first = modules.Transformer(str(source), max_seq_length=length)
    reference = sentence_transformers.SentenceTransformer(
        modules=[first, modules.Pooling(16, mode)], device="cpu"
    )
    reference.save(str(target), create_model_card=False)
    return MirrorModel.from_preset(target, span_length=5), reference


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, atol=2e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_vectors_are_those_of_sentence_transformers(name, tmp_path):
    model, reference = load(tmp_path, name)
    assert type(model.preprocessor.tokenizer).__name__.startswith("HuggingFace")
    assert_close(model.encode_text(STRINGS), reference.encode(STRINGS))


@pytest.mark.parametrize("name", SOME)
def test_archives_and_exports_hold_the_tokenizer(name, tmp_path):
    model, _ = load(tmp_path, name)
    expected = model.encode_text(STRINGS)
    model.save(tmp_path / "encoder.keras")
    loaded = load_archive(tmp_path / "encoder.keras")
    assert_close(loaded.encode_text(STRINGS), expected)
    assert fingerprint(loaded) == fingerprint(model)
    assert_close(copy.deepcopy(model).encode_text(STRINGS), expected)
    model.export(tmp_path / "again", normalize=False)
    again = sentence_transformers.SentenceTransformer(
        str(tmp_path / "again"), device="cpu"
    )
    assert_close(again.encode(STRINGS), expected)
    reloaded = MirrorModel.from_preset(tmp_path / "again")
    assert_close(reloaded.encode_text(STRINGS), expected)


def test_the_file_is_exported_as_it_was(tmp_path):
    model, _ = load(tmp_path, "nfkc")
    model.export(tmp_path / "again")
    old, new = (
        json.loads((tmp_path / name / "tokenizer.json").read_text())
        for name in ("source", "again")
    )
    assert new == {**old, "truncation": None, "padding": None}


@pytest.mark.parametrize("name", SOME)
def test_spans_are_masked_in_a_graph(name, tmp_path):
    tf = pytest.importorskip("tensorflow", reason="is the graph's")
    model, _ = load(tmp_path, name)
    preprocessor, tokenizer = model.preprocessor, model.preprocessor.tokenizer
    dataset = tf.data.Dataset.from_tensors(tf.constant(STRINGS))
    dataset = dataset.map(lambda texts: preprocessor.views(texts, seed=(3, 4)))
    ((view, masked),) = dataset.as_numpy_iterator()
    expected = preprocessor(STRINGS)
    for key, value in expected.items():
        np.testing.assert_array_equal(view[key], value)
    is_mask = masked["token_ids"] == tokenizer.mask_token_id
    assert is_mask.sum(axis=1).max() == 1
    assert masked["padding_mask"][is_mask].all()
    is_pad = masked["token_ids"] == tokenizer.pad_token_id
    np.testing.assert_array_equal(is_pad, masked["padding_mask"] == 0)


@pytest.mark.parametrize("name", ["no-template", "never"])
def test_training(name, tmp_path):
    model, _ = load(tmp_path, name)
    texts = [f"{text} {number}" for number in range(2) for text in STRINGS]
    model.compile(keras.optimizers.Adam(1e-3))
    before = model.encode_text(STRINGS)
    history = model.fit(texts, batch_size=10, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])
    assert np.abs(model.encode_text(STRINGS) - before).max() > 1e-4


@pytest.mark.parametrize(
    "text",
    ["[MASK]", "［ＭＡＳＫ］ a", "[CLS] [SEP] [PAD]", "\0[MASK]", "[MASK]s"],
)
@pytest.mark.parametrize("name", ["nfkc-words", "no-end", "whole"])
def test_special_tokens_in_a_text_are_text(name, text, tmp_path):
    model, _ = load(tmp_path, name)
    [ids] = model.preprocessor.tokenize([text])
    assert ids and not set(ids) & {0, 2, 3, 4}


def test_share_unknown(tmp_path):
    model, _ = load(tmp_path, "words")
    ids = model.preprocessor.tokenize(["man xyzzy,q!"])
    assert model.preprocessor.share_unknown(ids) == 0.5


def test_presets_of_keras_hub_refuse_it(tmp_path):
    model, _ = load(tmp_path, "words")
    with pytest.raises(
        ValueError, match="can hold only keras-hub's tokenizers"
    ):
        model.save_to_preset(tmp_path / "preset")
    assert not (tmp_path / "preset").exists()
    again = MirrorModel.from_text_embedder(model.to_text_embedder())
    assert_close(again.encode_text(STRINGS), model.encode_text(STRINGS))


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="writes TensorFlow's graphs"
)
def test_graphs_in_files_refuse_it(tmp_path):
    model, _ = load(tmp_path, "words")
    with pytest.raises(ValueError, match="hold this model. Received: Hugging"):
        model.export(tmp_path / "saved", format="saved_model")
    assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize("name", ["two-starts", "left", "no-end"])
def test_weights_alone_refuse_other_templates(name, tmp_path):
    model, _ = load(tmp_path, name)
    with pytest.raises(ValueError, match="put one token before a text and one"):
        keras_mirror.export.forward_model.export_settings(model, False)


def test_clones_say_that_they_have_no_vocabulary(tmp_path):
    model, _ = load(tmp_path, "words")
    clone = MirrorModel.from_config(model.get_config())
    with pytest.raises(ValueError, match="has no vocabulary"):
        clone.encode_text(["a"])


def test_lengths_without_room_are_refused(tmp_path):
    model, _ = load(tmp_path, "two-starts")
    with pytest.raises(ValueError, match="leave room for the special tokens"):
        model.preprocessor.pack([[7]], length=2)


def test_a_folder_without_a_mask_is_refused(tmp_path):
    make_bert_folder(tmp_path)
    edit(
        tmp_path / "tokenizer_config.json",
        mask_token="[OTHER]",
        truncation_side="left",
    )
    with pytest.raises(ValueError, match="of which .'.OTHER.'. are missing"):
        MirrorModel.from_preset(tmp_path)
