"""Exported folders, loaded by the real libraries."""

import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import keras
import keras_hub
import numpy as np
import pytest
import safetensors.numpy
import sentence_transformers
import torch
import transformers
from support import models as tiny_models
from support import texts as corpora
from support.folders import TEXTS
from support.folders import make_albert_folder
from support.folders import make_bert_folder
from support.folders import make_distil_bert_folder
from support.folders import make_roberta_folder
from support.folders import make_xlm_roberta_folder

import keras_mirror
from keras_mirror import MirrorModel
from keras_mirror.checkpoints.mirror_files import COUNTS_FILE
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)
from keras_mirror.export.transformers.tokenizer import PROBES
from keras_mirror.unit_rows import unit_rows

FOLDERS = {
    "Bert": make_bert_folder,
    "Roberta": make_roberta_folder,
    "XLMRoberta": make_xlm_roberta_folder,
    "DistilBert": make_distil_bert_folder,
    "Albert": make_albert_folder,
}
CLASSES = {
    "Bert": "BertTokenizer",
    "Roberta": "RobertaTokenizer",
    "XLMRoberta": "XLMRobertaTokenizer",
    "DistilBert": "DistilBertTokenizer",
}
HARD = [
    *TEXTS,
    *PROBES,
    *corpora.SENTENCES,
    "ﬁne ½ ² ™ € ß İ ΣΑΣ",
    "naïve e\u0301 decomposed",
    "한국어 텍스트 हिन्दी में ＡＢＣ ｱｲｳ",
    "tab\there\nnew line, a\u00a0b\u3000c",
    "\u200bzero\u200dwidth\ufeff",
    "``quoted'' text",
    "##a ▁a Ġa",
    "a long one " * 20,
    "",
]
SPECIAL = [
    "a [MASK] b",
    "[CLS]a[SEP]",
    "<s>a</s>",
    "<mask><pad>",
    "[MA[MASK]SK]",
]
LETTERS = "".join(sorted(set("".join(SPECIAL)) - {" "}))


def random_model(family, recipe="sentence", **overrides):
    """Weights that are large enough for mistakes to show, and counts."""
    # Up to 12 there are two widths, each of which JAX compiles.
    overrides.setdefault("sequence_length", 12)
    model = tiny_models.make_model(family, recipe, **overrides)
    random = np.random.default_rng(0)
    for weight in model.encoder.backbone.weights:
        noise = 0.3 * random.standard_normal(weight.shape)
        weight.assign(weight.numpy() + noise)
    if model.encoder.token_weights is not None:
        counts = model.encoder.token_weights.counts
        counts.assign(random.integers(0, 90, counts.shape))
    return model


def vectors_of(folder, texts=HARD):
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    return model.encode(texts)


def ids_of(folder, texts=HARD):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer(texts, add_special_tokens=False, verbose=False).input_ids


def weights_of(folder):
    return safetensors.numpy.load_file(folder / "model.safetensors")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def assert_equal_weights(model, other, atol=0.0):
    for old, new in zip(
        model.encoder.weights, other.encoder.weights, strict=True
    ):
        np.testing.assert_allclose(old.numpy(), new.numpy(), rtol=0, atol=atol)


# === From Keras and back ===


@pytest.mark.parametrize("recipe", ["paper_sentence", "sentence"])
@pytest.mark.parametrize("family", FOLDERS)
def test_vectors_and_the_way_back(family, recipe, tmp_path):
    model = random_model(family, recipe)
    model.export(tmp_path / "out")
    expected = model.encode_text(HARD)
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"), unit_rows(expected), atol=2e-5
    )
    back = MirrorModel.from_preset(tmp_path / "out", recipe, dropout=0.2)
    np.testing.assert_allclose(back.encode_text(HARD), expected, atol=2e-5)
    assert_equal_weights(model, back)
    assert back.encoder.backbone.dropout == back.recipe.dropout == 0.2
    for field in ("pooling_mode", "pooled_layers", "frequency_smoothing"):
        assert getattr(back.recipe, field) == getattr(model.recipe, field)
    assert back.preprocessor.sequence_length == 12
    back.export(tmp_path / "again")
    again = weights_of(tmp_path / "again")
    for name, weight in weights_of(tmp_path / "out").items():
        np.testing.assert_array_equal(again[name], weight)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize(
    "recipe, ends",
    [
        ("paper_sentence", ["centered"]),
        ("sentence", ["whitened"]),
        ("sentence", ["centered", "whitened", "whitened"]),
    ],
)
def test_the_mean_and_the_whitening(recipe, ends, normalize, tmp_path):
    model = random_model("Bert", recipe)
    for number, end in enumerate(ends):  # of others: no symmetric matrix
        model = getattr(model, end)(HARD[number:])
    model.export(tmp_path / "out", normalize=normalize)
    vectors = model.encode_text(HARD)
    expected = unit_rows(vectors) if normalize else vectors
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"), expected, atol=2e-5
    )
    back = MirrorModel.from_preset(tmp_path / "out")
    np.testing.assert_allclose(back.encode_text(HARD), vectors, atol=2e-5)
    assert_equal_weights(model, back, atol=1e-6)  # the mean is computed


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("ends", [[], ["centered", "whitened"]])
def test_a_projection_after_them(ends, normalize, tmp_path):
    model = random_model("Bert", "sentence")
    for end in ends:
        model = getattr(model, end)(HARD)
    model = model.reduced(HARD, 3)
    model.export(tmp_path / "out", normalize=normalize)
    vectors = model.encode_text(HARD)
    expected = unit_rows(vectors) if normalize else vectors
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"), expected, atol=2e-5
    )
    back = MirrorModel.from_preset(tmp_path / "out")
    assert back.encoder.projection_dim == 3
    np.testing.assert_allclose(back.encode_text(HARD), vectors, atol=2e-5)


def test_a_mean_is_of_one_pooling(tmp_path):
    model = random_model("Bert", "paper_sentence").centered(HARD)
    model.export(tmp_path / "out")
    other = MirrorModel.from_preset(tmp_path / "out", pooling_mode="cls")
    assert not other.encoder.centered
    same = MirrorModel.from_preset(tmp_path / "out", sequence_length=9)
    assert same.encoder.centered


@pytest.mark.parametrize("mode", ["cls", "mean", "max"])
def test_vectors_that_are_not_normalized(mode, tmp_path):
    model = random_model("Bert", "paper_sentence", pooling_mode=mode)
    model.export(tmp_path / "out", normalize=False)
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"), model.encode_text(HARD), atol=2e-5
    )


@pytest.mark.parametrize("family", FOLDERS)
def test_ids(family, tmp_path):
    model = random_model(family, "paper_sentence", sequence_length=24)
    model.export(tmp_path / "out")
    assert ids_of(tmp_path / "out") == model.preprocessor.tokenize(HARD)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    expected = CLASSES.get(family, "TokenizersBackend")
    assert type(tokenizer).__name__ == expected
    ours = model.preprocessor.tokenizer
    assert tokenizer.cls_token_id == ours.start_token_id
    assert tokenizer.sep_token_id == ours.end_token_id
    assert tokenizer.pad_token_id == ours.pad_token_id
    assert tokenizer.mask_token_id == ours.mask_token_id
    assert len(tokenizer) == ours.vocabulary_size()
    features = tokenizer(HARD, padding="max_length", truncation=True)
    packed = model.preprocessor(HARD)
    np.testing.assert_array_equal(features.input_ids, packed["token_ids"])
    mask = features.attention_mask
    np.testing.assert_array_equal(mask, packed["padding_mask"])
    with_segments = family in ("Bert", "Albert")
    assert ("token_type_ids" in features) == with_segments


@pytest.mark.parametrize("family", ["Bert", "Roberta"])
def test_special_tokens_in_a_text_stay_text(family, tmp_path):
    model = random_model(family, "paper_sentence")
    model.export(tmp_path / "out")
    assert ids_of(tmp_path / "out", SPECIAL) == model.preprocessor.tokenize(
        SPECIAL
    )
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out", SPECIAL),
        unit_rows(model.encode_text(SPECIAL)),
        atol=2e-5,
    )


SENTENCE_PIECE = {
    "XLMRoberta": dict(unk_id=0, bos_id=1, eos_id=2),
    "Albert": dict(
        **dict(pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece="<pad>"),
        **dict(bos_piece="[CLS]", eos_piece="[SEP]"),
        user_defined_symbols="[MASK]",
    ),
}


@pytest.mark.parametrize("family", SENTENCE_PIECE)
def test_special_tokens_stay_text_where_their_letters_are_known(
    family, tmp_path
):
    proto = tiny_models.sentence_piece_proto(
        **SENTENCE_PIECE[family], required_chars=LETTERS
    )
    kind = getattr(keras_hub.models, f"{family}Tokenizer")
    model = random_model(family, "paper_sentence")
    model.preprocessor = keras_mirror.MirrorPreprocessor(kind(proto), 12)
    model.export(tmp_path / "out")
    expected = model.preprocessor.tokenize(SPECIAL + HARD)
    assert ids_of(tmp_path / "out", SPECIAL + HARD) == expected
    back = MirrorModel.from_preset(tmp_path / "out")
    assert back.preprocessor.tokenize(SPECIAL + HARD) == expected
    # Not only the same ids: the same rules.
    models = [back.preprocessor.tokenizer.proto, proto]
    rules = [decode_model(model)[1] for model in models]
    assert rules[0] == rules[1]


def test_one_pad_row_a_position_before_roberta_s_first(tmp_path):
    vocabulary = dict(tiny_models.tokenizer("Roberta").vocabulary)
    vocabulary["<pad>"], vocabulary["!"] = vocabulary["!"], vocabulary["<pad>"]
    tokenizer = keras_hub.models.RobertaTokenizer(
        vocabulary, tiny_models.tokenizer("Roberta").merges
    )
    model = random_model("Roberta", "paper_sentence")
    model.preprocessor = keras_mirror.MirrorPreprocessor(tokenizer, 12)
    pad = tokenizer.pad_token_id
    assert pad > 1
    model.export(tmp_path / "out")
    table = "embeddings.position_embeddings.weight"
    assert len(weights_of(tmp_path / "out")[table]) == pad + 1 + 64
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"),
        unit_rows(model.encode_text(HARD)),
        atol=2e-5,
    )


def test_weights_of_tokens_that_look_alike(tmp_path):
    model = random_model("Bert")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [*corpora.LETTERS, *(f"##{x}" for x in corpora.LETTERS)]
    tokens = [*special, *letters, "Man", "man", "MAN", "[vacant3]", "cat"]
    assert len(tokens) < model.encoder.backbone.vocabulary_size
    tokenizer = keras_hub.models.BertTokenizer(tokens, lowercase=False)
    model.preprocessor = keras_mirror.MirrorPreprocessor(tokenizer, 12)
    texts = ["a man and a Man", "MAN", "cat Cat man", "[vacant3]"]
    model.export(tmp_path / "out")
    assert ids_of(tmp_path / "out", texts) == model.preprocessor.tokenize(texts)
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out", texts),
        unit_rows(model.encode_text(texts)),
        atol=2e-5,
    )


def test_activation_and_epsilon(tmp_path):
    model = random_model("Roberta", "paper_sentence")
    keras_mirror.encoder.backbone_settings.set_activation(
        model.encoder.backbone, "relu"
    )
    keras_mirror.encoder.backbone_settings.set_layer_norm_epsilon(
        model.encoder.backbone, 0.1
    )
    model.export(tmp_path / "out")
    assert read(tmp_path / "out" / "config.json")["hidden_act"] == "relu"
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"),
        unit_rows(model.encode_text(HARD)),
        atol=2e-5,
    )


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float16"])
def test_weights_are_float32(dtype, tmp_path):
    model = random_model("Bert", dtype=dtype)
    model.export(tmp_path / "out")
    weights = weights_of(tmp_path / "out")
    assert {str(weight.dtype) for weight in weights.values()} == {"float32"}
    back = MirrorModel.from_preset(tmp_path / "out")
    assert_equal_weights(model, back)


def test_no_weight_is_made_up_by_transformers(tmp_path):
    for family in FOLDERS:
        random_model(family).export(tmp_path / family)
        _, info = transformers.AutoModel.from_pretrained(
            tmp_path / family, output_loading_info=True
        )
        assert not any(info.values()), (family, info)


def test_a_model_before_training_weighs_all_tokens_alike(tmp_path):
    model = tiny_models.make_model("Bert", "sentence")
    model.export(tmp_path / "out")
    names = [entry["type"] for entry in read(tmp_path / "out" / "modules.json")]
    assert not any("WordWeights" in name for name in names)
    assert MirrorModel.from_preset(
        tmp_path / "out"
    ).recipe.frequency_smoothing == pytest.approx(1e-3)


def test_training_goes_on(tmp_path):
    model = random_model("Bert")
    model.export(tmp_path / "out")
    back = MirrorModel.from_preset(tmp_path / "out", batch_size=10)
    back.compile()
    back.fit(corpora.texts(10), verbose=0)
    counts, more = (x.encoder.token_weights.counts for x in (model, back))
    assert more.numpy().sum() > counts.numpy().sum()
    tokens = [x.encoder.backbone.token_embedding for x in (model, back)]
    before, after = (x.embeddings.numpy() for x in tokens)
    assert np.abs(after - before).max() > 0


# === From Hugging Face and back ===


@pytest.mark.parametrize("masked_lm", [False, True])
@pytest.mark.parametrize("family", FOLDERS)
def test_from_hugging_face_and_back(family, masked_lm, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    model, _ = FOLDERS[family](source, masked_lm=masked_lm)
    recipe = dict(pooling_mode="mean", sequence_length=30)
    MirrorModel.from_preset(source, "paper_sentence", **recipe).export(out)
    assert ids_of(out) == ids_of(source)
    other = transformers.AutoModel.from_pretrained(out).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    features = tokenizer(
        HARD, padding=True, truncation=True, return_tensors="pt"
    )
    with torch.no_grad():
        expected = model(**features).last_hidden_state.numpy()
        actual = other(**features).last_hidden_state.numpy()
    is_real = features.attention_mask.numpy().astype(bool)
    np.testing.assert_allclose(actual[is_real], expected[is_real], atol=2e-5)
    assert_same_tensors(dict(model.named_parameters()), weights_of(out))


def assert_same_tensors(source, weights):
    """Bit for bit, but for what keras-hub has no place for."""
    expected = {name: x.detach().numpy() for name, x in source.items()}
    segments = "embeddings.token_type_embeddings.weight"
    is_roberta = segments in expected and len(expected[segments]) == 1
    if is_roberta:
        # Its only segment is added to the positions, of which no text has the
        # first two.
        positions = "embeddings.position_embeddings.weight"
        expected[positions] = expected[positions] + expected[segments]
        expected[positions][:2] = 0
        expected[segments] = np.zeros_like(expected[segments])
    for name in set(weights):
        is_missing = name not in expected
        if "pooler" in name and (is_roberta or is_missing):
            expected[name] = np.zeros_like(weights[name])
    assert set(weights) == set(expected)
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, expected[name], name)


# === Files ===


def test_files_of_every_kind(tmp_path):
    vocabularies = {
        "Bert": {"vocab.txt"},
        "Roberta": {"vocab.json", "merges.txt"},
        "XLMRoberta": {"sentencepiece.bpe.model"},
        "DistilBert": {"vocab.txt"},
        "Albert": {"spiece.model"},
    }
    files = {"1_Pooling/config.json", "config.json", "model.safetensors"}
    files |= {"README.md", "mirror_model.json", "modules.json"}
    files |= {"config_sentence_transformers.json", "sentence_bert_config.json"}
    files |= {"special_tokens_map.json", "tokenizer.json"}
    files |= {"tokenizer_config.json"}
    for family, expected in vocabularies.items():
        folder = tmp_path / family
        random_model(family, "paper_sentence").export(folder)
        found = {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert found == files | expected


@pytest.mark.parametrize("family", CLASSES)
def test_vocabulary_files_say_what_tokenizer_json_says(family, tmp_path):
    model = random_model(family, "paper_sentence")
    model.export(tmp_path / "out")
    (tmp_path / "out" / "tokenizer.json").unlink()
    assert ids_of(tmp_path / "out") == model.preprocessor.tokenize(HARD)
    back = MirrorModel.from_preset(tmp_path / "out")
    expected = model.preprocessor.tokenize(HARD)
    assert back.preprocessor.tokenize(HARD) == expected


def test_card_names_the_library(tmp_path):
    random_model("Bert").export(tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert 'library_name: "sentence-transformers"' in card
    assert "Its vectors have length 1." in card
    random_model("Bert").export(tmp_path / "raw", normalize=False)
    card = (tmp_path / "raw" / "README.md").read_text()
    assert "Its vectors are not normalized." in card


def test_every_file_is_downloaded_from_the_hub(tmp_path):
    from huggingface_hub.utils import filter_repo_objects

    from keras_mirror.presets.load_preset import UNWANTED_FILES
    from keras_mirror.presets.load_preset import WANTED_FILES

    files = set()
    for family in FOLDERS:
        random_model(family).export(tmp_path / family)
        files |= {
            path.relative_to(tmp_path / family).as_posix()
            for path in (tmp_path / family).rglob("*")
            if path.is_file() and path.name != "README.md"
        }
    unwanted = {"onnx/model.onnx", "onnx/config.json", "tf_model.h5"}
    unwanted |= {"openvino/openvino_model.bin", "README.md", "pooling.py"}
    kept = filter_repo_objects(
        files | unwanted,
        allow_patterns=list(WANTED_FILES),
        ignore_patterns=list(UNWANTED_FILES),
    )
    assert set(kept) == files
    assert {COUNTS_FILE, "2_WordWeights/config.json"} <= files


def test_handles_of_the_hub_are_loaded(tmp_path, monkeypatch):
    import huggingface_hub

    model = random_model("Bert")
    model.export(tmp_path / "out")
    asked = []

    def download(repository, **options):
        asked.append(repository)
        return str(tmp_path / "out")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    back = MirrorModel.from_preset("hf://me/encoder")
    assert asked == ["me/encoder"]
    assert back.recipe.pooled_layers == "first_last"
    assert_equal_weights(model, back)


# === Errors ===


def test_existing_paths_stay(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError, match="exists. Choose another folder"):
        tiny_models.make_model().export(tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(FileNotFoundError, match="there is no folder '"):
        tiny_models.make_model().export(tmp_path / "none" / "out")


def test_nothing_stays_of_an_export_that_failed(tmp_path, monkeypatch):
    from keras_mirror.export import sentence_transformers as export

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(export, "write_modules", fail)
    with pytest.raises(OSError, match="no space left"):
        tiny_models.make_model().export(tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_models_without_a_counterpart_are_refused(tmp_path):
    def message(model):
        with pytest.raises(ValueError) as error:
            model.export(tmp_path / "out")
        assert not list(tmp_path.iterdir())
        return str(error.value)

    model = tiny_models.make_model(pooling_mode="padded_mean")
    assert message(model) == (
        "`pooling_mode` must be one of ('cls', 'mean', 'max') to be written "
        "for sentence-transformers. Received: pooling_mode='padded_mean'"
    )
    assert message(tiny_models.make_model("Electra")) == (
        "The backbone must be one of ['AlbertBackbone', 'BertBackbone', "
        "'DistilBertBackbone', 'RobertaBackbone', 'XLMRobertaBackbone'] to be "
        "written for transformers. Received: ElectraBackbone"
    )
    model = tiny_models.make_model("DistilBert")
    keras_mirror.encoder.backbone_settings.set_layer_norm_epsilon(
        model.encoder.backbone, 0.1
    )
    assert message(model) == (
        "The layer normalizations of a DistilBERT must have the epsilon 1e-12 "
        "to be written for transformers. Received: 0.1"
    )
    model = tiny_models.make_model()
    keras_mirror.encoder.backbone_settings.set_activation(
        model.encoder.backbone, "softsign"
    )
    assert "to be written for transformers. Received: softsign" in message(
        model
    )
    inputs = model.encoder.input
    other = keras.Model(inputs, model.encoder(inputs) * 2.0)
    other = MirrorModel(other, model.preprocessor)
    assert message(other) == (
        "sentence-transformers needs a keras-hub backbone: `encoder` must be "
        "a `SentenceEncoder`. Received: encoder=Functional"
    )


def test_groups_of_several_layers_are_refused_with_two_pooled(tmp_path):
    tokenizer = tiny_models.tokenizer("Albert")
    backbone = tiny_models.make_backbone(
        "Albert", tokenizer.vocabulary_size(), num_inner_repetitions=2
    )
    preprocessor = keras_mirror.MirrorPreprocessor(tokenizer, 12)
    encoder = keras_mirror.SentenceEncoder(
        backbone, "mean", pooled_layers="first_last"
    )
    model = MirrorModel(encoder, preprocessor)
    with pytest.raises(ValueError, match="one layer each .* Received: 2 lay"):
        model.export(tmp_path / "out")
    encoder = keras_mirror.SentenceEncoder(backbone, "mean")
    model = MirrorModel(encoder, preprocessor)
    model.export(tmp_path / "out")
    np.testing.assert_allclose(
        vectors_of(tmp_path / "out"),
        unit_rows(model.encode_text(HARD)),
        atol=2e-5,
    )


def test_tokenizers_with_other_ids_are_refused(tmp_path):
    options = SENTENCE_PIECE["XLMRoberta"]
    proto = tiny_models.sentence_piece_proto(
        normalization_rule_name="identity", **options
    )
    model = tiny_models.make_model("XLMRoberta")
    model.preprocessor = keras_mirror.MirrorPreprocessor(
        keras_hub.models.XLMRobertaTokenizer(proto)
    )
    with pytest.raises(ValueError) as error:
        model.export(tmp_path / "out")
    assert str(error.value).startswith(
        "The XLMRobertaTokenizer must give the ids of the tokenizers library "
        "to be written for transformers. Received: ["
    )
    proto = tiny_models.sentence_piece_proto(model_type="bpe", **options)
    model.preprocessor = keras_mirror.MirrorPreprocessor(
        keras_hub.models.XLMRobertaTokenizer(proto)
    )
    with pytest.raises(ValueError, match="unigram .* but its type is not unig"):
        model.export(tmp_path / "out")
