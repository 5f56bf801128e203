import base64
import functools
import io
import json
import pathlib
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable

import sentencepiece
import tokenizers

from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    OtherTokenizerError,
)
from keras_mirror.preprocessing.plain_text_tokenizer import spell_apart

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

# A regular expression that only white space can match.
_SPACES = re.compile(r"\^?(\\[sntrfv]|[\s▁\[\]()|+*?]|\{\d*(,\d*)?\})+\$?")

# The maximum growth of a text: steps that lengthen it multiply.
_MAX_GROWTH = 1_000

# Categories of code points: unassigned, private use, surrogates.
_NO_CHARACTERS = ("Cn", "Co", "Cs")


def compile_charsmap(steps: list[dict]) -> bytes:
    """Compiles a normalizer of `tokenizer.json` into SentencePiece's rules.

    SentencePiece itself splits at spaces and collapses repeated ones, so steps
    for white space are left out.

    Args:
        steps: A list of dicts, the steps of the normalizer.

    Returns:
        Bytes, the `precompiled_charsmap` of a SentencePiece model.
    """
    for step in steps:
        is_regex = step["type"] == "Replace" and "Regex" in step["pattern"]
        is_known = step["type"] in _TYPES and not is_regex
        if not (is_known or _is_about_spaces(step)):
            raise OtherTokenizerError(
                "A SentencePiece tokenizer must have a normalizer of the "
                f"types {', '.join(_TYPES)}, and may use a regular expression "
                f"only for white space. Received: normalizer={step}"
            )
    _check_growth(steps)
    steps = [
        step
        for step in steps
        if not _is_about_spaces(step) and not split_special_tokens([step])
    ]
    if [step["type"] for step in steps] == ["Precompiled"]:
        return base64.b64decode(steps[0]["precompiled_charsmap"])
    return _compiled(json.dumps(steps))


def split_special_tokens(steps: list[dict]) -> list[str]:
    """The special tokens that a normalizer splits by spaces.

    `PlainTextTokenizer` splits tokens that SentencePiece would find in a text,
    and tokenizers exported by this package have such steps.

    Args:
        steps: A list of dicts, as `compile_charsmap` takes them.

    Returns:
        A list of strings.

    Example:

    >>> step = {"type": "Replace", "content": "[ MASK ]"}
    >>> split_special_tokens([{**step, "pattern": {"String": "[MASK]"}}])
    ['[MASK]']
    """
    replaced = [
        (step["pattern"].get("String", ""), step["content"])
        for step in steps
        if step["type"] == "Replace"
    ]
    return [
        text
        for text, content in replaced
        if len(text) > 2 and content == spell_apart(text)
    ]


def _check_growth(steps: list[dict]) -> None:
    growth = 1
    for step in steps:
        if step["type"] == "Replace":
            # A regular expression may match the empty string, before every
            # letter.
            length = len(step["pattern"].get("String", ""))
            new = len(step["content"])
            growth *= max(1, -(-new // length) if length else new + 1)
    if growth > _MAX_GROWTH:
        raise ValueError(
            "The normalizer of a tokenizer must not make texts more than "
            f"{_MAX_GROWTH} times as long. Received: {growth}, by its steps of "
            "the type Replace"
        )


def _is_about_spaces(step: dict) -> bool:
    if step["type"] == "Replace":
        is_of_spaces = _SPACES.fullmatch(step["pattern"].get("Regex", ""))
        return bool(is_of_spaces) and not step["content"].strip(" ▁")
    return step["type"] == "Strip"


def _rules(steps: list[dict]) -> dict[str, str]:
    """Every character or pair that the steps change, and its new text."""
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


def _add_composition(
    rules: dict[str, str], character: str, normalize: Callable[[str], str]
) -> None:
    # For example a letter and its accent, which together are one character.
    parts = unicodedata.normalize("NFD", character)
    if len(parts) > 1:
        composed = normalize(parts)
        if composed != "".join(normalize(part) for part in parts):
            rules[parts] = composed


def _normalize_function(steps: list[dict]) -> Callable[[str], str]:
    if not steps:
        return str
    sequence = {"type": "Sequence", "normalizers": steps}
    model = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    content = {"version": "1.0", "normalizer": sequence, "model": model}
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(content))
    return tokenizer.normalizer.normalize_str


# Half a second for all of Unicode, and one that models of a kind share.
@functools.lru_cache(maxsize=8)
def _compiled(steps: str) -> bytes:
    return _compile(_rules(json.loads(steps)))


def _compile(rules: dict[str, str]) -> bytes:
    # In every release of SentencePiece only a training compiles rules; its
    # vocabulary of two letters is thrown away.
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


def _hex(text: str) -> str:
    return " ".join(f"{ord(character):X}" for character in text)
