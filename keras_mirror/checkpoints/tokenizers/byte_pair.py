import pathlib

import keras_hub

from keras_mirror.checkpoints.tokenizers.tokenizer_files import ROBERTA_NAMES
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.tokenizer_files import check_ids
from keras_mirror.checkpoints.tokenizers.tokenizer_files import flatten
from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    rename_special_tokens,
)
from keras_mirror.files import read_json

# Byte-level tokenizers have no unknown token.
_NAMES = {k: v for k, v in ROBERTA_NAMES.items() if k != "unk_token"}


def byte_pair_tokenizer(
    files: TokenizerFiles,
) -> keras_hub.tokenizers.RobertaTokenizer:
    """Makes a keras-hub tokenizer from a byte-level byte-pair vocabulary.

    Args:
        files: A `TokenizerFiles`.

    Returns:
        A `keras_hub.tokenizers.RobertaTokenizer`.
    """
    if files.fast:
        ids, merges = files.model["vocab"], files.model["merges"]
    else:
        ids = read_json(files.folder / "vocab.json")
        merges = _read_merges(files.folder / "merges.txt")
    # Older files hold "a b", newer ones ["a", "b"].
    merges = [m if isinstance(m, str) else " ".join(m) for m in merges]
    ids = check_ids(ids, files)
    ids = rename_special_tokens(ids, files, _NAMES)
    return keras_hub.tokenizers.RobertaTokenizer(
        ids, merges, add_prefix_space=_add_prefix_space(files)
    )


def _read_merges(path: pathlib.Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(
            "A vocab.json must have a merges.txt beside it. "
            f"Received: folder={path.parent}"
        )
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line for line in lines if line.strip()]


def _add_prefix_space(files: TokenizerFiles) -> bool:
    steps = flatten(files.fast.get("pre_tokenizer"))
    own = files.config.get("add_prefix_space")
    if own is None:
        return steps[0].get("add_prefix_space", True) if steps else False
    return own
