"""A `tokenizer.json` of others is followed only where that is safe."""

import base64
import json
import time

import pytest
from support import models
from support.archives import change_config
from support.archives import rewrite
from support.models import followed_model

from keras_mirror.export.transformers.fast_tokenizer import fast_tokenizer
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.preprocessing.cheap_patterns import is_cheap_pattern
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)

GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
GPT_2 += r"|\s+(?!\S)|\s+"
WORDS = {"type": "WhitespaceSplit"}
ROLES = {"pad_token": "[PAD]", "mask_token": "[MASK]"}
REPLACE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
# What is no base 64 by itself makes the library panic, and so does a short one.
CHARSMAP = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}


def content(**parts):
    fast = fast_tokenizer(models.tokenizer("Bert"))
    result = json.loads(fast.to_str())
    if "model" in parts:
        parts["model"] = {**result["model"], **parts["model"]}
    return {**result, **parts}


def sequence(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


def nested(step, depth):
    for _ in range(depth):
        step = sequence(step)
    return step


def split(pattern):
    step = {"type": "Split", "behavior": "Isolated", "invert": False}
    return {"pre_tokenizer": {**step, "pattern": pattern}}


def rules(replacement):
    blob = base64.b64encode(b"\0" * 4 + replacement + b"\0").decode()
    return {"normalizer": {**CHARSMAP, "precompiled_charsmap": blob}}


def unigram(*pieces, unknown=0):
    vocabulary = [["[PAD]", 0.0], ["[MASK]", 0.0], *pieces]
    return {
        "normalizer": None,
        "post_processor": None,
        "added_tokens": [],
        "model": {"type": "Unigram", "vocab": vocabulary, "unk_id": unknown},
    }


HOSTILE = {
    "pattern": (split({"Regex": "(a+)+b"}), "simple ones that repeat nothing"),
    "quadratic": (split({"Regex": r"\s+$"}), "simple ones that repeat nothing"),
    "empty": (split({"String": ""}), "patterns that are strings"),
    "growing": ({"normalizer": sequence(*[REPLACE] * 40)}, "do not multiply"),
    "bytes": (
        {"normalizer": sequence(*[{"type": "ByteLevel"}] * 9)},
        "do not multiply",
    ),
    "long rule": (rules(b"x" * 2_000), "do not multiply"),
    "steps": (
        {"normalizer": sequence(*[{"type": "NFC"}] * 51)},
        "at most 50 steps",
    ),
    "deep": ({"normalizer": nested({"type": "NFC"}, 300)}, "at most 50 steps"),
    "unknown step": ({"normalizer": {"type": "Lua"}}, "a normalizer out of"),
    "no type": ({"normalizer": {"lowercase": True}}, "a normalizer out of"),
    "decoder": ({"decoder": {"type": "Lua"}}, "a decoder out of"),
    "panic": ({"normalizer": CHARSMAP}, "cannot be read"),
    "no charsmap": ({"normalizer": {"type": "Precompiled"}}, "cannot be read"),
    "prepend": (
        {"normalizer": {"type": "Prepend", "prepend": "x" * 1_000}},
        "at most 100 characters as prepend",
    ),
    "prefix": (
        {"model": {"continuing_subword_prefix": "x" * 1_000}},
        "at most 100 characters as continuing_subword_prefix",
    ),
    "long words": ({"model": {"max_input_chars_per_word": 10**6}}, "at most"),
    "kind": ({"model": {"type": "Lua"}}, "a model out of BPE, Unigram"),
    "dropout": ({"model": {"type": "BPE", "dropout": 0.5}}, "no `dropout`"),
    "id": ({"model": {"vocab": {"[UNK]": 2**40}}}, "ids as vocabulary"),
    "unknown": ({"model": {"unk_token": "missing"}}, "its unknown token"),
    "piece": (unigram(["a" * 1_001, -1.0]), "tokens with scores"),
    "score": (unigram(["a", float("nan")]), "tokens with scores"),
    "unk_id": (unigram(unknown=7), "an `unk_id` of its vocabulary"),
    "bytes of pieces": (
        unigram(*([f"{number:0900}", -1.0] for number in range(5_000))),
        "bytes of tokens",
    ),
    "added": ({"added_tokens": [{"id": 10**5, "content": "x"}]}, "cannot be"),
    "template": (
        {"post_processor": {"type": "BertProcessing", "cls": ["a", 10**6]}},
        "cannot be read",
    ),
    "template ids": (
        {
            "post_processor": {
                "type": "BertProcessing",
                "cls": ["a", 10**6],
                "sep": ["b", 1],
            }
        },
        "with ids of the vocabulary",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_safe_is_refused(name):
    parts, expected = HOSTILE[name]
    start = time.monotonic()
    with pytest.raises(ValueError, match=expected):
        HuggingFaceTokenizer.from_content(content(**parts), ROLES)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "pattern",
    [r"\s+", " {2,}", r"\d{1,3}", r"\p{Han}", "[。！？]", r"(\s+)", "a|b+", "-"]
    + [GPT_2],
)
def test_cheap_patterns(pattern):
    assert is_cheap_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "a+b", r"\s+$", "a?a?a?aaa", "a**", "(?:a|a)*", r"(a)\1", "a|"]
    + [r"x(?=a)", "[[a]b]", "a++", "", "(", "a{3}{4}", "a{1000}", r"\K", "a??b"]
    + ["[" * 500, "\\" * 499, "a?" * 250, "[a" * 250, "a" * 501, None, 7],
)
def test_other_patterns(pattern):
    start = time.monotonic()
    assert not is_cheap_pattern(pattern)
    assert time.monotonic() - start < 0.1


# === Archives ===


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "encoder.keras"
    followed_model().save(path)
    return path


def test_an_archive_needs_nothing_else(archive):
    tokenizer = load_archive(archive).preprocessor.tokenizer
    assert tokenizer.content == content(pre_tokenizer=WORDS)
    [ids] = tokenizer(["a man plays, a"])
    tokens = ["a", "man", "plays", "##,", "a"]
    assert list(map(tokenizer.id_to_token, ids)) == tokens


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(content(**HOSTILE["pattern"][0])),
        json.dumps(content(**HOSTILE["panic"][0])),
        json.dumps(content(model={"vocab": {"[UNK]": 0}})),
        json.dumps(
            content(
                model={
                    "vocab": {
                        **content()["model"]["vocab"],
                        "far": 2**31 - 1,
                    }
                }
            )
        ),
        "[" * 100_000,
        "[]",
        "",
        b"\xff",
        None,
    ],
    ids=["pattern", "panic", "roles", "id", "deep", "list", "no", "bytes", "-"],
)
def test_damaged_files_in_archives_are_refused(text, archive, tmp_path):
    path = rewrite(archive, tmp_path / "x.keras", **{"tokenizer.json": text})
    with pytest.raises(ValueError, match="is not a readable archive"):
        load_archive(path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"config_file": "/etc/passwd"}, "must not name files outside"),
        ({"truncation_side": "middle"}, "must be 'left' or 'right'"),
        ({"roles": {"pad_token": "[PAD]"}}, "`roles` must be a dict"),
        ({"roles": {**ROLES, "x": ["a"]}}, "`roles` must be a dict"),
        ({"content": content()}, "content"),
    ],
)
def test_other_configurations_are_refused(changes, expected, archive, tmp_path):
    def change(config):
        preprocessor = config["preprocessor"]["config"]
        preprocessor["tokenizer"]["config"].update(changes)

    path = change_config(archive, tmp_path / "x.keras", change)
    with pytest.raises(ValueError, match=expected):
        load_archive(path)


def test_files_that_no_archive_could_hold_are_refused(monkeypatch):
    module = "keras_mirror.preprocessing.tokenizer_file.MAX_TOKENIZER_BYTES"
    monkeypatch.setattr(module, 100)
    with pytest.raises(ValueError, match="at most 100 bytes without white sp"):
        HuggingFaceTokenizer.from_content(content(), ROLES)
