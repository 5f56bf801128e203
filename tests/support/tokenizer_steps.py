"""Tokenizers of folders that keras-hub's classes cannot follow."""

import json

from support.folders import FOLDERS

BERT = {"type": "BertNormalizer", "lowercase": True, "clean_text": True}
BERT |= {"handle_chinese_chars": True, "strip_accents": None}
DIGITS = {"type": "Digits", "individual_digits": True}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
WORDS = {"type": "WhitespaceSplit"}
PIECES = {"type": "Metaspace", "replacement": "▁", "split": True}
PIECES |= {"prepend_scheme": "always"}
PUNCTUATION = {"type": "Punctuation", "behavior": "Isolated"}
SPACES = {"type": "Replace", "pattern": {"Regex": "[0-9]"}, "content": " "}
QUOTE = {"type": "Replace", "pattern": {"String": "'"}, "content": '"'}
SPLIT = {
    "type": "Split",
    "pattern": {"Regex": r"\p{Lu}|\s+"},
    "behavior": "Isolated",
    "invert": False,
}


def make(path, model_type, **parts):
    """Writes a folder, with other parts of its `tokenizer.json`."""
    FOLDERS[model_type](path)
    edit(path / "tokenizer.json", **parts)
    # The classes of transformers 5 do not follow the file, this one does.
    edit(path / "tokenizer_config.json", tokenizer_class="TokenizersBackend")
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


def template(*tokens, **ids):
    """A template of a BERT's ids, `A` for the text."""
    ids = ids or {"[CLS]": 2, "[SEP]": 3}
    single = [
        {"Sequence": {"id": "A", "type_id": 0}}
        if token == "A"
        else {"SpecialToken": {"id": token, "type_id": 0}}
        for token in tokens
    ]
    special = {
        token: {"id": token, "ids": [id], "tokens": [token]}
        for token, id in ids.items()
    }
    return {
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single,
            "special_tokens": special,
        }
    }


def cut(direction):
    options = {"max_length": 12, "strategy": "LongestFirst", "stride": 0}
    return {"truncation": {"direction": direction, **options}}


ROBERTA = {"<s>": 0, "</s>": 2}
# By a name: the `model_type`, and the parts of its `tokenizer.json`.
VARIANTS = {
    "words": ("bert", {"pre_tokenizer": WORDS}),
    "digits": ("bert", splitters({"type": "BertPreTokenizer"}, DIGITS)),
    "whole": ("bert", {"pre_tokenizer": None}),
    "unnormalized": ("bert", {"normalizer": None}),
    "nfkc": ("bert", normalizers({"type": "NFKC"}, BERT)),
    "nfkc-words": (
        "bert",
        {**normalizers({"type": "NFKC"}), **splitters(WORDS)},
    ),
    "replaced": ("bert", normalizers(QUOTE, SPACES, BERT)),
    "uncleaned": ("bert", {"normalizer": {**BERT, "clean_text": False}}),
    "short-words": ("bert", {"model": {"max_input_chars_per_word": 5}}),
    "no-template": ("bert", template("A")),
    "null-template": ("bert", {"post_processor": None}),
    "two-starts": ("bert", template("[CLS]", "[CLS]", "A", "[SEP]")),
    "no-end": ("bert", template("[CLS]", "A")),
    "left": ("bert", cut("Left")),
    "split": ("bert", splitters(SPLIT, {"type": "BertPreTokenizer"})),
    "roberta-digits": ("roberta", splitters(DIGITS, BYTES)),
    "roberta-lower": ("roberta", {"normalizer": {"type": "Lowercase"}}),
    "roberta-no-end": ("roberta", template("<s>", "A", **ROBERTA)),
    "roberta-whole": ("roberta", splitters({**BYTES, "use_regex": False})),
    "never": (
        "xlm-roberta",
        {"pre_tokenizer": {**PIECES, "prepend_scheme": "never"}},
    ),
    "punctuation": ("xlm-roberta", splitters(PUNCTUATION, PIECES)),
    "xlm-words": ("xlm-roberta", {"pre_tokenizer": WORDS}),
    "xlm-prepended": (
        "xlm-roberta",
        {"normalizer": {"type": "Prepend", "prepend": "x"}},
    ),
    "xlm-replaced": ("xlm-roberta", {"normalizer": SPACES}),
    "albert-digits": ("albert", splitters(DIGITS, PIECES)),
    "distilbert-words": ("distilbert", {"pre_tokenizer": WORDS}),
}
