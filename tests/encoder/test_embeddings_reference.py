"""`encode_text` equals transformers plus pooling, from Hugging Face folders."""

import numpy as np
import pytest
import torch
from support import folders as folders
from support.texts import DATA

from keras_mirror import MirrorModel

TEXTS = [
    *folders.SENTENCES,
    "A café, 1,234 times!",
    "one",
    "Treasury\x12s 10\xa0kg of ΔΟΎΛΟΣ\u3000at 2½ ™",
]

FOLDERS = {
    "bert_exact_gelu": (folders.make_bert_folder, {"hidden_act": "gelu"}),
    "bert_tanh_gelu": (folders.make_bert_folder, {"hidden_act": "gelu_new"}),
    "bert_masked_lm": (folders.make_bert_folder, {"masked_lm": True}),
    "roberta": (folders.make_roberta_folder, {}),
    "xlm_roberta": (folders.make_xlm_roberta_folder, {}),
    "distil_bert": (folders.make_distil_bert_folder, {}),
}


def reference(model, tokenizer, texts, pooling_mode, length):
    features = tokenizer(
        texts,
        padding=True,
        truncation=True,
        max_length=length,
        return_tensors="pt",
    )
    features.pop("token_type_ids", None)
    with torch.no_grad():
        outputs = model.eval()(**features, output_hidden_states=True)
    tokens = outputs.hidden_states[-1].numpy()
    mask = features["attention_mask"].numpy()[:, :, None]
    if pooling_mode == "cls":
        return tokens[:, 0]
    if pooling_mode == "max":
        return np.where(mask, tokens, -np.inf).max(axis=1)
    return (tokens * mask).sum(axis=1) / mask.sum(axis=1)


@pytest.mark.parametrize(
    "name, pooling_mode",
    [
        ("bert_exact_gelu", "cls"),
        ("bert_exact_gelu", "mean"),
        ("bert_exact_gelu", "max"),
        ("bert_tanh_gelu", "mean"),
        ("bert_masked_lm", "cls"),
        ("roberta", "cls"),
        ("roberta", "mean"),
        ("xlm_roberta", "mean"),
        ("distil_bert", "max"),
    ],
)
def test_encode_text_equals_transformers(tmp_path, name, pooling_mode):
    make, options = FOLDERS[name]
    original, tokenizer = make(tmp_path, **options)
    model = MirrorModel.from_preset(
        tmp_path,
        "paper_sentence",
        sequence_length=20,
        pooling_mode=pooling_mode,
    )
    expected = reference(original, tokenizer, TEXTS, pooling_mode, 20)
    np.testing.assert_allclose(model.encode_text(TEXTS), expected, atol=2e-5)


def test_recipe_pools_as_the_paper_did(tmp_path):
    folders.make_bert_folder(tmp_path / "bert")
    folders.make_roberta_folder(tmp_path / "roberta")
    load = MirrorModel.from_preset
    for folder, name, mode in [
        ("bert", "paper_sentence", "mean"),
        ("roberta", "paper_sentence", "cls"),
        ("roberta", "sentence", "mean"),
        ("bert", "paper_word", "cls"),
    ]:
        model = load(tmp_path / folder, name, sequence_length=20)
        assert model.recipe.pooling_mode == mode


def test_all_dropouts_follow_the_recipe(tmp_path):
    folders.make_bert_folder(tmp_path)
    model = MirrorModel.from_preset(
        tmp_path, "paper_sentence", sequence_length=20, dropout=0.3
    )
    rates = [
        layer.rate if hasattr(layer, "rate") else layer._dropout
        for layer in model._flatten_layers()
        if hasattr(layer, "rate") or hasattr(layer, "_dropout")
    ]
    assert rates and set(rates) == {0.3}


def test_more_tokens_than_positions_are_refused(tmp_path):
    folders.make_bert_folder(tmp_path)
    with pytest.raises(ValueError, match="`sequence_length` must be at most"):
        MirrorModel.from_preset(tmp_path, sequence_length=5000)


def test_folder_that_is_no_preset(tmp_path):
    with pytest.raises(ValueError, match="whose config.json cannot be read"):
        MirrorModel.from_preset(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ValueError, match="must hold a JSON object"):
        MirrorModel.from_preset(tmp_path)


@pytest.mark.parametrize("name", ["bert_base_en_uncase", "nowhere/at/all"])
def test_unknown_preset(name):
    with pytest.raises(ValueError, match=f"Received: preset='{name}'"):
        MirrorModel.from_preset(name)


def test_hub_handle_is_downloaded_as_a_folder(tmp_path, monkeypatch):
    import huggingface_hub

    folders.make_distil_bert_folder(tmp_path)
    asked = []

    def snapshot_download(repository, **options):
        asked.append(repository)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    MirrorModel.from_preset("hf://someone/model", sequence_length=20)
    assert asked == ["someone/model"]


@pytest.mark.skipif(not DATA.exists(), reason=f"no data in {DATA}")
def test_real_weights_equal_transformers():
    import transformers

    folder = DATA / "weights/bert-mini-en"
    model = MirrorModel.from_preset(folder, "paper_sentence")
    original = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    expected = reference(original, tokenizer, TEXTS, "mean", 50)
    np.testing.assert_allclose(model.encode_text(TEXTS), expected, atol=2e-5)
