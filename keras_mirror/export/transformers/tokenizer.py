import pathlib

import keras_hub
import tokenizers

from keras_mirror.export.transformers.fast_tokenizer import fast_tokenizer
from keras_mirror.export.transformers.fast_tokenizer import special_tokens
from keras_mirror.files import write_json
from keras_mirror.preprocessing.fast_tokenizers import merges
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer

# Texts on which tokenizers differ: accents, capitals, Chinese, digits,
# punctuation, emoji, spaces, joined letters.
PROBES = (
    "A man is playing a guitar, isn't he?",
    "CAFÉ Müller, naïve über-cool crêpes; Σίσυφος",
    "我爱北京 and 東京大学 2024",
    "  1,234.56%\tor\n(3/4)  ",
    "👩‍🚀 😀 don’t “quote” …",
)
# transformers 5 builds these tokenizers from a vocabulary by the same rules.
# Other tokenizers get the class that follows `tokenizer.json`.
_CLASSES = {
    "BertTokenizer": "BertTokenizer",
    "DistilBertTokenizer": "DistilBertTokenizer",
    "RobertaTokenizer": "RobertaTokenizer",
    "XLMRobertaTokenizer": "XLMRobertaTokenizer",
}
_ANY_CLASS = "PreTrainedTokenizerFast"


def write_tokenizer(
    tokenizer,
    folder: pathlib.Path,
    sequence_length: int,
    input_names: list[str],
) -> None:
    """Writes a tokenizer for transformers.

    The `tokenizer.json` of a `HuggingFaceTokenizer` is written unchanged. The
    option `split_special_tokens` is set, so that `[MASK]` in a text stays text
    in transformers too.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.
        folder: A `pathlib.Path`.
        sequence_length: Integer, the maximum number of tokens of a text.
        input_names: List of strings, the names of the model's inputs.

    Raises:
        ValueError: The tokenizers library gives other ids.
    """
    if isinstance(tokenizer, HuggingFaceTokenizer):
        _write_as_it_was(tokenizer, folder, sequence_length, input_names)
        return
    fast = fast_tokenizer(tokenizer)
    check_ids(fast, tokenizer)
    fast.save(str(folder / "tokenizer.json"))
    _write_vocabulary(tokenizer, folder)
    tokens = special_tokens(tokenizer)
    names = {role: token.content for role, token in tokens.items()}
    if names["cls_token"] == "<s>":
        names = {"bos_token": "<s>", "eos_token": names["sep_token"], **names}
    write_json(folder / "special_tokens_map.json", names)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": _class(tokenizer, fast, names),
            **_common(sequence_length, input_names),
            **_options(tokenizer),
            **names,
            "added_tokens_decoder": {
                str(fast.token_to_id(token.content)): _entry(token)
                for token in tokens.values()
            },
        },
    )


def _write_as_it_was(
    tokenizer: HuggingFaceTokenizer,
    folder: pathlib.Path,
    sequence_length: int,
    input_names: list[str],
) -> None:
    write_json(folder / "tokenizer.json", tokenizer.content)
    write_json(folder / "special_tokens_map.json", tokenizer.roles)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": _ANY_CLASS,
            "truncation_side": tokenizer.truncation_side,
            **_common(sequence_length, input_names),
            **tokenizer.roles,
        },
    )


def _common(sequence_length: int, input_names: list[str]) -> dict:
    return {
        "model_max_length": sequence_length,
        "model_input_names": input_names,
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": False,
    }


def check_ids(fast: tokenizers.Tokenizer, tokenizer) -> None:
    """Raises a `ValueError` unless two tokenizers give the same ids.

    Args:
        fast: A `tokenizers.Tokenizer`, which is set not to look for special
            tokens.
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.
    """
    fast.encode_special_tokens = True
    rows = fast.encode_batch(list(PROBES), add_special_tokens=False)
    expected = PlainTextTokenizer(tokenizer)(list(PROBES))
    for text, row, ids in zip(PROBES, rows, expected, strict=True):
        if row.ids != ids:
            raise ValueError(
                f"The {type(tokenizer).__name__} must give the ids of the "
                "tokenizers library to be written for transformers. "
                f"Received: {ids} instead of {row.ids} for {text!r}"
            )


def _class(tokenizer, fast: tokenizers.Tokenizer, names: dict) -> str:
    name = _CLASSES.get(type(tokenizer).__name__, _ANY_CLASS)
    has_own_rules = getattr(tokenizer, "suffix_indicator", "##") != "##"
    if name == "XLMRobertaTokenizer":
        steps = type(fast.normalizer).__name__
        has_own_rules = steps not in ("NoneType", "Precompiled")
        has_own_rules |= fast.token_to_id("<0x00>") is not None  # bytes
    is_usual = "unk_token" in names and not has_own_rules
    return name if is_usual else _ANY_CLASS


def _options(tokenizer) -> dict:
    kinds = keras_hub.tokenizers
    if isinstance(tokenizer, kinds.WordPieceTokenizer):
        return {
            "do_lower_case": tokenizer.lowercase,
            "strip_accents": tokenizer.strip_accents,
            "tokenize_chinese_chars": tokenizer.split_on_cjk,
        }
    if isinstance(tokenizer, kinds.BytePairTokenizer):
        return {"add_prefix_space": tokenizer.add_prefix_space}
    # Both are in the rules of its SentencePiece model.
    return {"do_lower_case": False, "keep_accents": True}


def _entry(token: tokenizers.AddedToken) -> dict:
    names = ("content", "lstrip", "normalized", "rstrip", "single_word")
    return {
        **{name: getattr(token, name) for name in names},
        "special": token.special,
    }


def _write_vocabulary(tokenizer, folder: pathlib.Path) -> None:
    """Writes the files that older libraries read instead of
    `tokenizer.json`."""
    kinds = keras_hub.tokenizers
    if isinstance(tokenizer, kinds.WordPieceTokenizer):
        lines = "".join(f"{token}\n" for token in tokenizer.vocabulary)
        (folder / "vocab.txt").write_bytes(lines.encode())
    elif isinstance(tokenizer, kinds.BytePairTokenizer):
        header = "#version: 0.2"
        lines = "".join(f"{line}\n" for line in [header, *merges(tokenizer)])
        (folder / "merges.txt").write_bytes(lines.encode())
        write_json(folder / "vocab.json", dict(tokenizer.vocabulary))
    else:
        is_xlm_roberta = isinstance(tokenizer, kinds.XLMRobertaTokenizer)
        name = "sentencepiece.bpe.model" if is_xlm_roberta else "spiece.model"
        (folder / name).write_bytes(tokenizer.proto)
