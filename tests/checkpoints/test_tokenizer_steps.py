"""What a tokenizer's files say is followed to the letter, or refused."""

import json
import re

import pytest
from support.folders import FOLDERS
from support.folders import make_bert_folder

from keras_mirror.checkpoints.hugging_face.checkpoint import (
    load_hugging_face_tokenizer,
)
from keras_mirror.checkpoints.hugging_face.config import complete_config
from keras_mirror.checkpoints.hugging_face.config import read_config

BERT = {"type": "BertNormalizer", "lowercase": True, "clean_text": True}
BERT |= {"handle_chinese_chars": True, "strip_accents": None}
DIGITS = {"type": "Digits", "individual_digits": True}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
WORDS = {"type": "WhitespaceSplit"}
PIECES = {"type": "Metaspace", "replacement": "▁", "split": True}
PIECES |= {"prepend_scheme": "always"}
SPACES = {"type": "Replace", "pattern": {"Regex": "[0-9]"}, "content": " "}


def load(folder):
    config = complete_config(read_config(folder), folder)
    return load_hugging_face_tokenizer(folder, config)


def make(path, model_type, **parts):
    """Writes a folder, with other parts of its `tokenizer.json`."""
    FOLDERS[model_type](path)
    edit(path / "tokenizer.json", **parts)
    return path


def edit(path, **changes):
    content = json.loads(path.read_text())
    model = content.get("model")
    if "model" in changes:
        changes["model"] = {**model, **changes["model"]}
    path.write_text(json.dumps({**content, **changes}))


def sequence(name, *steps):
    return {"type": "Sequence", name: list(steps)}


def splitters(*steps):
    return {"pre_tokenizer": sequence("pretokenizers", *steps)}


def normalizers(*steps):
    return {"normalizer": sequence("normalizers", *steps)}


def template(*tokens):
    """A template of a BERT's ids, `A` for the text."""
    single = [
        {"Sequence": {"id": "A", "type_id": 0}}
        if token == "A"
        else {"SpecialToken": {"id": token, "type_id": 0}}
        for token in tokens
    ]
    special = {
        token: {"id": token, "ids": [id], "tokens": [token]}
        for token, id in (("[CLS]", 2), ("[SEP]", 3))
    }
    return {
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single,
            "special_tokens": special,
        }
    }


@pytest.mark.parametrize(
    ("model_type", "parts"),
    [
        ("bert", normalizers(BERT)),
        ("bert", splitters({"type": "BertPreTokenizer"})),
        ("bert", template("[CLS]", "A", "[SEP]")),
        ("bert", {"truncation": None}),
        ("roberta", splitters(BYTES)),
        ("roberta", {"model": {"continuing_subword_prefix": ""}}),
        ("xlm-roberta", splitters(WORDS, {**PIECES, "split": False})),
    ],
)
def test_steps_that_say_the_same_load(model_type, parts, tmp_path):
    load(make(tmp_path, model_type, **parts))


@pytest.mark.parametrize(
    ("model_type", "parts", "expected"),
    [
        ("bert", {"pre_tokenizer": WORDS}, "The pre_tokenizer of a WordPiece"),
        ("bert", splitters({"type": "BertPreTokenizer"}, DIGITS), "individual"),
        ("bert", {"pre_tokenizer": None}, "Received: pre_tokenizer=None in"),
        ("bert", {"normalizer": None}, "Received: normalizer=None in"),
        ("bert", normalizers({"type": "NFKC"}, BERT), "The normalizer of a W"),
        ("bert", normalizers({"type": "NFD"}), "steps ['BertNormalizer'] "),
        ("bert", {"model": {"max_input_chars_per_word": 9}}, "must be 100 to"),
        ("roberta", {"normalizer": {"type": "Lowercase"}}, "normalizer of a B"),
        ("roberta", splitters(DIGITS, BYTES), "steps ['ByteLevel'] to be"),
        ("roberta", {"pre_tokenizer": None}, "pre_tokenizer of a BPE token"),
        ("roberta", {"model": {"dropout": 0.1}}, "`dropout` of a BPE tokeniz"),
        ("xlm-roberta", {"pre_tokenizer": WORDS}, "pre_tokenizer of a Unigram"),
        (
            "xlm-roberta",
            {"normalizer": SPACES},
            "Received: normalizer={'type': 'Repl",
        ),
    ],
)
def test_other_steps_are_refused(model_type, parts, expected, tmp_path):
    make(tmp_path, model_type, **parts)
    with pytest.raises(ValueError, match=re.escape(expected)):
        load(tmp_path)


@pytest.mark.parametrize(
    ("model_type", "parts", "expected"),
    [
        ("bert", template("A"), "for which the post_processor is to blame"),
        ("bert", template("[CLS]", "[CLS]", "A", "[SEP]"), "post_processor is"),
        ("bert", template("[CLS]", "A"), "post_processor is to blame"),
        ("bert", {"post_processor": None}, "post_processor is to blame"),
        ("bert", {"normalizer": {**BERT, "clean_text": False}}, "text='zero"),
        (
            "roberta",
            splitters({**BYTES, "use_regex": False}),
            "ĠI'mĠyou'reĠshe'd",
        ),
        (
            "xlm-roberta",
            {"pre_tokenizer": {**PIECES, "prepend_scheme": "never"}},
            "pre_tokenizer result [",
        ),
    ],
)
def test_texts_that_would_get_other_ids(model_type, parts, expected, tmp_path):
    make(tmp_path, model_type, **parts)
    with pytest.raises(ValueError, match="some texts would get") as error:
        load(tmp_path)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("content", "special"), [("cost", True), ("zq", False)]
)
def test_added_tokens_are_text_if_they_are_special(content, special, tmp_path):
    make_bert_folder(tmp_path)
    path, size = (
        tmp_path / "tokenizer.json",
        read_config(tmp_path)["vocab_size"],
    )
    added = json.loads(path.read_text())["added_tokens"]
    token = {**added[4], "content": content, "id": size, "special": special}
    edit(path, added_tokens=[*added, token])
    edit(tmp_path / "config.json", vocab_size=size + 1)
    if special:
        assert load(tmp_path).vocabulary_size() == size + 1
    else:
        with pytest.raises(ValueError, match="text='a zq b zqc' with the ids"):
            load(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"tokenizer_class": "BertTokenizerFast"},
        {"tokenizer_class": "TokenizersBackend"},
        {"do_basic_tokenize": True, "never_split": None},
        {"truncation_side": "right", "padding_side": "right"},
        {"auto_map": {"AutoModel": "code.Model"}, "sp_model_kwargs": {}},
    ],
)
def test_settings_that_say_the_same_load(settings, tmp_path):
    make_bert_folder(tmp_path)
    edit(tmp_path / "tokenizer_config.json", **settings)
    load(tmp_path)


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("tokenizer_config.json", {"tokenizer_class": "BertJapaneseTokenizer"}),
        ("config.json", {"tokenizer_class": "BertJapaneseTokenizerFast"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["a.B"]}}),
        ("tokenizer_config.json", {"do_basic_tokenize": False}),
        ("tokenizer_config.json", {"never_split": ["guitar"]}),
        ("tokenizer_config.json", {"truncation_side": "left"}),
        ("tokenizer_config.json", {"subword_tokenizer_type": "character"}),
        ("tokenizer_config.json", {"word_tokenizer_type": "mecab"}),
    ],
)
def test_other_settings_are_refused(file, settings, tmp_path):
    make_bert_folder(tmp_path)
    if file == "config.json":
        edit(tmp_path / "tokenizer_config.json", tokenizer_class=None)
    edit(tmp_path / file, **settings)
    (value,) = settings.values()
    with pytest.raises(ValueError, match="must") as error:
        load(tmp_path)
    assert str(value).strip("{}") in str(error.value)


def test_a_class_that_needs_its_own_file(tmp_path):
    make_bert_folder(tmp_path)
    edit(tmp_path / "tokenizer_config.json", tokenizer_class="MPNetTokenizer")
    load(tmp_path)
    vocabulary = json.loads((tmp_path / "tokenizer.json").read_text())["model"]
    tokens = sorted(vocabulary["vocab"], key=vocabulary["vocab"].get)
    (tmp_path / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match="Received: tokenizer_class='MPNetT"):
        load(tmp_path)
