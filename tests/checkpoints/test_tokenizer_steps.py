"""What a tokenizer's files say is followed to the letter, or refused."""

import json
import re
import time

import pytest
import tokenizers
from support.folders import STRINGS_OF_MANY_LANGUAGES as STRINGS
from support.folders import make_bert_folder
from support.tokenizer_steps import BERT
from support.tokenizer_steps import BYTES
from support.tokenizer_steps import PIECES
from support.tokenizer_steps import QUOTE
from support.tokenizer_steps import VARIANTS
from support.tokenizer_steps import WORDS
from support.tokenizer_steps import edit
from support.tokenizer_steps import make
from support.tokenizer_steps import normalizers
from support.tokenizer_steps import splitters
from support.tokenizer_steps import template

from keras_mirror.checkpoints.hugging_face.checkpoint import (
    load_hugging_face_tokenizer,
)
from keras_mirror.checkpoints.hugging_face.config import complete_config
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)


def load(folder):
    config = complete_config(read_config(folder), folder)
    return load_hugging_face_tokenizer(folder, config)


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
def test_steps_that_say_the_same_are_those_of_keras_hub(
    model_type, parts, tmp_path
):
    tokenizer = load(make(tmp_path, model_type, **parts))
    assert not isinstance(tokenizer, HuggingFaceTokenizer)


def reference_of(folder):
    reference = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    reference.no_truncation()
    reference.encode_special_tokens = True
    return reference


@pytest.mark.parametrize("name", VARIANTS)
def test_other_steps_are_followed_by_their_library(name, tmp_path):
    model_type, parts = VARIANTS[name]
    tokenizer = load(make(tmp_path, model_type, **parts))
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    start, end = tokenizer.prefix_ids, tokenizer.suffix_ids
    expected = reference_of(tmp_path).encode_batch(STRINGS)
    for ids, row in zip(tokenizer(STRINGS), expected, strict=True):
        assert [*start, *ids, *end] == row.ids


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (template("A", "A"), "must contain its text once"),
        (template(*["[CLS]"] * 9, "A"), "at most 8 special tokens"),
        (splitters({"type": "FixedLength", "length": 5}), "pre_tokenizer out"),
        (normalizers({**QUOTE, "pattern": {"Regex": "(a+)+b"}}), "simple ones"),
        ({"model": {"max_input_chars_per_word": 10**9}}, "at most 1000"),
        ({"model": {"type": "BPE", "dropout": 0.1, "merges": []}}, "`dropout`"),
    ],
)
def test_steps_that_are_not_safe_are_refused(parts, expected, tmp_path):
    make(tmp_path, "bert", **parts)
    with pytest.raises(ValueError, match=re.escape(expected)) as error:
        load(tmp_path)
    assert f"folder={tmp_path}" in str(error.value)


def test_other_segments_are_refused(tmp_path):
    parts = template("[CLS]", "A", "[SEP]")
    parts["post_processor"]["single"][2]["SpecialToken"]["type_id"] = 1
    make(tmp_path, "bert", **parts)
    with pytest.raises(ValueError, match=r"and segments \[0, 1\], instead"):
        load(tmp_path)


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
        assert load(tmp_path)(["a zq b"])[0][1] == size


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
        ("tokenizer_config.json", {"truncation_side": "middle"}),
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


def replaced(content, **pattern):
    return {"type": "Replace", "pattern": pattern, "content": content}


@pytest.mark.parametrize(
    "step",
    [
        *[replaced("aaaa", String="a"), replaced("ab", String="")],
        replaced(" " * 9, Regex="\\s*"),
    ],
)
def test_steps_do_not_make_texts_any_length(step, tmp_path):
    make(tmp_path, "xlm-roberta", **normalizers(*[step] * 9))
    with pytest.raises(ValueError, match="must not make texts more than 1000"):
        load(tmp_path)


def test_a_long_regular_expression_is_soon_refused(tmp_path):
    step = replaced(" ", Regex="{" + "1" * 50_000)
    make(tmp_path, "xlm-roberta", normalizer=step)
    start = time.process_time()
    with pytest.raises(ValueError, match="must have patterns that are strings"):
        load(tmp_path)
    assert time.process_time() - start < 1


def test_a_long_added_token_is_refused(tmp_path):
    token = {"id": 7, "content": "x" * 2_000, "special": False}
    make(tmp_path, "roberta", added_tokens=[token])
    with pytest.raises(ValueError, match="must have at most 1000 characters"):
        load(tmp_path)


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
