"""The named encoders in small: folders of the same files and settings.

The real ones cannot be had where tests run. Their configurations are from the
manifests of others; see `keras_mirror/presets/registry.json`.
"""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
import sentence_transformers
from sentence_transformers.sentence_transformer import modules
from support import hub
from support.folders import STRINGS_OF_MANY_LANGUAGES as STRINGS
from support.folders import make_bert_folder
from support.folders import make_multilingual_bert_folder
from support.folders import make_xlm_roberta_folder

import keras_mirror
from keras_mirror.presets.locate import cache_folder
from keras_mirror.presets.registry import named_presets
from keras_mirror.unit_rows import unit_rows

# How each is pooled, its longest text here, whether its vectors are scaled.
ENCODERS = {
    "all_minilm_l6_v2_en": (make_bert_folder, "mean", 24, True),
    "multilingual_minilm_l12_v2": (
        make_multilingual_bert_folder,
        "mean",
        12,
        False,
    ),
    "multilingual_e5_small": (make_multilingual_bert_folder, "mean", 38, True),
    "bge_small_en_v1_5": (make_bert_folder, "cls", 38, True),
}
LANGUAGE_MODELS = {
    "xlm_roberta_base": make_xlm_roberta_folder,
    "bert_base_uncased": make_bert_folder,
}


def stand_in(name, folder, monkeypatch, tmp_path):
    """Puts a folder where the preset of this name is looked for."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    preset = dataclasses.replace(
        named_presets()[name], files=hub.hashes(folder)
    )
    monkeypatch.setitem(named_presets(), name, preset)
    shutil.copytree(folder, cache_folder(preset))


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders(name, tmp_path, monkeypatch):
    make, mode, length, scaled = ENCODERS[name]
    source = tmp_path / "source"
    source.mkdir()
    make(source)
    parts = [
        modules.Transformer(str(source), max_seq_length=length),
        modules.Pooling(16, mode),
        *([modules.Normalize()] if scaled else []),
    ]
    reference = sentence_transformers.SentenceTransformer(
        modules=parts, device="cpu"
    )
    reference.save(str(tmp_path / "out"), create_model_card=False)
    (tmp_path / "out" / "config_sentence_transformers.json").unlink()
    stand_in(name, tmp_path / "out", monkeypatch, tmp_path)

    model = keras_mirror.MirrorModel.from_preset(name)
    assert model.recipe.pooling_mode == mode
    assert model.preprocessor.sequence_length == length
    assert model.record.base == name
    prompts = named_presets()[name].prompts
    assert model.preprocessor.prompts.texts == prompts
    default = prompts.get(named_presets()[name].default_prompt_name, "")
    for prompt, text in {None: default, **prompts}.items():
        ours = unit_rows(model.encode_text(STRINGS, prompt=prompt))
        theirs = unit_rows(reference.encode(STRINGS, prompt=text or None))
        np.testing.assert_allclose(ours, theirs, atol=2e-6)
    model.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    assert again.preprocessor.prompts == model.preprocessor.prompts


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_language_models(name, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    LANGUAGE_MODELS[name](source, masked_lm=True)
    stand_in(name, source, monkeypatch, tmp_path)
    ours = keras_mirror.MirrorModel.from_preset(name, sequence_length=20)
    same = keras_mirror.MirrorModel.from_preset(source, sequence_length=20)
    np.testing.assert_array_equal(
        ours.encode_text(STRINGS), same.encode_text(STRINGS)
    )


def test_a_changed_file_is_not_loaded(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    make_bert_folder(source)
    stand_in("bert_base_uncased", source, monkeypatch, tmp_path)
    folder = cache_folder(named_presets()["bert_base_uncased"])
    hub.flip_a_byte(folder / "model.safetensors")
    with pytest.raises(ValueError, match="is not the file of bert_base"):
        keras_mirror.MirrorModel.from_preset("bert_base_uncased")
