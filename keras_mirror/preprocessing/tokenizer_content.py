"""Checks the content of a `tokenizer.json` before `tokenizers` reads it.

It may come from an untrusted archive. The library follows whatever it says:
patterns that take forever, steps that multiply a text, random merges.
"""

import base64
import math
from collections.abc import Iterator
from typing import Any

from keras_mirror.preprocessing.cheap_patterns import is_cheap_pattern

# Steps that give the same ids for the same text, in linear time.
_STEPS = {
    "normalizer": {
        *("BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC"),
        *("NFKD", "Nmt", "Precompiled", "Prepend", "Replace", "Sequence"),
        *("Strip", "StripAccents"),
    },
    "pre_tokenizer": {
        *("BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits"),
        *("Metaspace", "Punctuation", "Sequence", "Split", "UnicodeScripts"),
        *("Whitespace", "WhitespaceSplit"),
    },
    "post_processor": {
        *("BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence"),
        "TemplateProcessing",
    },
    "decoder": {
        *("BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse"),
        *("Metaspace", "Replace", "Sequence", "Strip", "WordPiece"),
    },
}
# The keys under which a sequence keeps its steps.
_PARTS = ("normalizers", "pretokenizers", "processors", "decoders")
MODELS = {"BPE": dict, "Unigram": list, "WordLevel": dict, "WordPiece": dict}
_MAX_STEPS = 50
_MAX_GROWTH = 1_000  # factor on the length of a text
_MAX_CHARACTERS_PER_WORD = 1_000  # WordPiece is quadratic in them
# Limits for unigram: the library has a table for every token, and the length of
# the longest one multiplies the time.
_MAX_TOKEN_BYTES = 2**22
_MAX_PIECE_LENGTH = 1_000
_MAX_PREFIX_LENGTH = 100
_MAX_ID = 2**31 - 1


def check_tokenizer_content(content: dict) -> None:
    """Refuses a `tokenizer.json` that is not safe to follow.

    Args:
        content: Dict, the content of the file.

    Raises:
        ValueError: It has unsupported steps, models or patterns, or parts that
            are too large.

    Example:

    >>> check_tokenizer_content({"model": {"type": "BPE", "vocab": {}}})
    """
    _check(isinstance(content, dict), "an object", type(content).__name__)
    growth = 1.0
    for part, known in _STEPS.items():
        steps = list(_steps(content.get(part)))
        _check(
            len(steps) <= _MAX_STEPS,
            f"at most {_MAX_STEPS} steps in its {part}",
            f"{len(steps)} steps",
        )
        for step in steps:
            kind = step.get("type") if isinstance(step, dict) else step
            _check(
                isinstance(kind, str) and kind in known,
                f"a {part} out of {', '.join(sorted(known))}",
                kind,
            )
            _check_pattern(step)
            _check_length(step, "prepend")
            growth *= _growth(step)
    _check(growth <= _MAX_GROWTH, "steps that do not multiply a text", growth)
    _check_model(content.get("model"))
    _check_added_tokens(content.get("added_tokens") or [])


def is_token_id(value: Any) -> bool:
    """Whether a value of a file is an id, of 32 bits."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and 0 <= value <= _MAX_ID


def _steps(step: Any) -> Iterator:
    """The steps of a part, with sequences flattened."""
    left = [] if step is None else [step]
    while left:
        step = left.pop()
        yield step
        for name in _PARTS if isinstance(step, dict) else ():
            parts = step.get(name) or []
            _check(isinstance(parts, list), f"a list as {name}", parts)
            left.extend(parts)


def _check_pattern(step: dict) -> None:
    pattern = step.get("pattern")
    if pattern is None:
        return
    is_dict = isinstance(pattern, dict) and len(pattern) == 1
    text = pattern.get("String") if is_dict else None
    is_text = isinstance(text, str) and text != ""
    _check(
        is_text or is_dict and is_cheap_pattern(pattern.get("Regex")),
        "patterns that are strings, those of GPT-2, Llama 3 and Qwen 2, or "
        "simple ones that repeat nothing but their end",
        pattern,
    )


def _check_length(part: dict, name: str) -> None:
    _check(
        len(part.get(name) or "") <= _MAX_PREFIX_LENGTH,
        f"at most {_MAX_PREFIX_LENGTH} characters as {name}",
        part.get(name),
    )


def _growth(step: dict) -> float:
    """The maximum factor by which each step lengthens a text, so far."""
    if step["type"] == "ByteLevel":
        return 4
    if step["type"] == "Precompiled":
        return _longest_rule(step.get("precompiled_charsmap"))
    if step["type"] != "Replace":
        return 1
    content, pattern = str(step.get("content")), step.get("pattern") or {}
    if "Regex" in pattern:  # which may match between characters
        return 1 + len(content)
    return max(1.0, len(content) / len(pattern.get("String", " ")))


def _longest_rule(charsmap: Any) -> int:
    """The length of the longest replacement in SentencePiece's rules."""
    try:
        content = base64.b64decode(charsmap or "", validate=True)
    except (TypeError, ValueError) as error:
        raise _refusal("rules in base 64", charsmap) from error
    size = 4 + int.from_bytes(content[:4], "little")  # the trie is first
    return max(1, *map(len, content[size:].split(b"\0")))


def _check_model(model: Any) -> None:
    _check(isinstance(model, dict), "a dict as model", model)
    kind, vocabulary = model.get("type"), model.get("vocab")
    is_known = isinstance(kind, str) and kind in MODELS
    _check(is_known, f"a model out of {', '.join(MODELS)}", kind)
    container = MODELS[kind]
    _check(isinstance(vocabulary, container), "a vocabulary", vocabulary)
    if kind == "Unigram":
        _check_pieces(vocabulary, model.get("unk_id"))
    else:
        _check(
            all(map(is_token_id, vocabulary.values())),
            "ids as vocabulary",
            kind,
        )
    if kind in ("WordLevel", "WordPiece"):
        unknown = model.get("unk_token")
        is_token = isinstance(unknown, str) and unknown in vocabulary
        _check(is_token, "its unknown token in its vocabulary", unknown)
    longest = model.get("max_input_chars_per_word", 100)
    is_length = is_token_id(longest) and longest <= _MAX_CHARACTERS_PER_WORD
    _check(
        is_length,
        f"max_input_chars_per_word of at most {_MAX_CHARACTERS_PER_WORD}",
        longest,
    )
    for name in ("continuing_subword_prefix", "end_of_word_suffix"):
        _check_length(model, name)
    dropout = model.get("dropout")
    _check(not dropout, "no `dropout`, which makes ids random", dropout)


def _check_pieces(pieces: list, unknown: Any) -> None:
    for piece in pieces:
        is_piece = isinstance(piece, list) and len(piece) == 2
        is_piece = is_piece and isinstance(piece[0], str)
        is_piece = is_piece and len(piece[0]) <= _MAX_PIECE_LENGTH
        is_score = is_piece and isinstance(piece[1], (int, float))
        _check(
            is_score and math.isfinite(piece[1]), "tokens with scores", piece
        )
    is_place = is_token_id(unknown) and unknown < len(pieces)
    _check(is_place, "an `unk_id` of its vocabulary", unknown)
    size = sum(len(piece[0].encode("utf-8", "replace")) for piece in pieces)
    _check(
        size <= _MAX_TOKEN_BYTES, f"{_MAX_TOKEN_BYTES} bytes of tokens", size
    )


def _check_added_tokens(tokens: Any) -> None:
    _check(isinstance(tokens, list), "a list as added_tokens", tokens)
    for token in tokens:
        is_token = isinstance(token, dict) and is_token_id(token.get("id"))
        is_text = is_token and isinstance(token.get("content"), str)
        _check(is_text, "an `id` and a `content` of added tokens", token)


def _check(is_valid: Any, expected: str, received: object) -> None:
    if not is_valid:
        raise _refusal(expected, received)


def _refusal(expected: str, received: Any) -> ValueError:
    return ValueError(
        f"A tokenizer.json must have {expected}, to be followed by the "
        f"tokenizers library. Received: {str(received)[:200]}"
    )
