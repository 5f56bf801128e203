import base64
import io
import json
import pathlib
import sys
import tempfile
import unicodedata

import sentencepiece
import tokenizers

from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)
from keras_mirror.checkpoints.tokenizers.split_special_tokens import (
    spelled_apart,
)

# Normalizers of the tokenizers library that change a text piece by piece, so
# that SentencePiece's rules can do the same.
_TYPES = (
    "BertNormalizer",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Precompiled",
    "Replace",
    "Strip",
    "StripAccents",
)

# Categories of code points: not assigned, private, halves of others.
_NO_CHARACTERS = ("Cn", "Co", "Cs")


def compile_charsmap(normalizer):
    """Makes SentencePiece's rules out of a normalizer of `tokenizer.json`.

    SentencePiece itself splits at spaces and joins several into one, so what
    a normalizer does with white space is left to it.

    Args:
        normalizer: A dict, as in `tokenizer.json`, or `None`.

    Returns:
        Bytes, the `precompiled_charsmap` of a SentencePiece model.
    """
    steps = _flatten(normalizer)
    for step in steps:
        if step["type"] not in _TYPES:
            raise ValueError(
                f"A SentencePiece tokenizer must have a normalizer of the "
                f"types {', '.join(_TYPES)}. Received: normalizer={step}"
            )
    steps = [
        step
        for step in steps
        if not _is_about_spaces(step) and not spelled_apart(step)
    ]
    if [step["type"] for step in steps] == ["Precompiled"]:
        return base64.b64decode(steps[0]["precompiled_charsmap"])
    return _compile(_rules(steps))


def _flatten(normalizer):
    if not normalizer:
        return []
    if normalizer["type"] != "Sequence":
        return [normalizer]
    return [
        step for part in normalizer["normalizers"] for step in _flatten(part)
    ]


def _is_about_spaces(step):
    if step["type"] == "Replace":
        return "Regex" in step["pattern"] and not step["content"].strip(" ▁")
    return step["type"] == "Strip"


def _rules(steps):
    """What becomes of characters, a dict of strings to strings."""
    normalize = _normalize_function(steps)
    rules = {}
    for code_point in range(1, sys.maxunicode + 1):
        character = chr(code_point)
        if unicodedata.category(character) in _NO_CHARACTERS:
            continue
        if character.isspace():
            rules[character] = " "
        else:
            rules[character] = normalize(character)
            _add_composition(rules, character, normalize)
    for step in steps:
        if step["type"] == "Replace":
            source = step["pattern"]["String"]
            rules[source] = normalize(source)
    return {old: new for old, new in rules.items() if old != new}


def _add_composition(rules, character, normalize):
    # A letter and its accent, say, which only together are one character.
    parts = unicodedata.normalize("NFD", character)
    if len(parts) > 1:
        composed = normalize(parts)
        if composed != "".join(normalize(part) for part in parts):
            rules[parts] = composed


def _normalize_function(steps):
    if not steps:
        return str
    sequence = {"type": "Sequence", "normalizers": steps}
    model = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    tokenizer = {"version": "1.0", "normalizer": sequence, "model": model}
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(tokenizer))
    return tokenizer.normalizer.normalize_str


def _compile(rules):
    # Only a training compiles rules in every release of SentencePiece; its
    # vocabulary, of two letters, is thrown away.
    lines = [f"{_hex(old)}\t{_hex(new)}\n" for old, new in rules.items()]
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rules.tsv"
        path.write_text("".join(lines), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b"]),
            model_writer=model,
            normalization_rule_tsv=str(path),
            vocab_size=20,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    sentencepiece.set_min_log_level(0)  # as it is without the training
    return decode_model(model.getvalue())[1]


def _hex(text):
    return " ".join(f"{ord(character):X}" for character in text)
