"""The steps of a `tokenizer.json` that keras-hub's tokenizers follow."""

from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    OtherTokenizerError,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.tokenizer_files import flatten

# The supported steps, in this order. The normalizer of a unigram model is
# compiled, see `compile_charsmap`.
_STEPS: dict[str, dict[str, list[list[str]]]] = {
    "WordPiece": {
        "normalizer": [["BertNormalizer"]],
        "pre_tokenizer": [["BertPreTokenizer"]],
    },
    "BPE": {"normalizer": [[]], "pre_tokenizer": [["ByteLevel"]]},
    "Unigram": {
        "pre_tokenizer": [["Metaspace"], ["WhitespaceSplit", "Metaspace"]]
    },
}
# Keys of the model, besides vocabulary and merges.
_SETTINGS: dict[str, dict[str, object]] = {
    "WordPiece": {"max_input_chars_per_word": 100},
    "BPE": {
        "dropout": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "byte_fallback": False,
        "ignore_merges": False,
    },
    "Unigram": {},
}


def check_steps(model: str, files: TokenizerFiles) -> None:
    """Checks the kinds of the steps; texts alone might not show a difference.

    Args:
        model: String, the kind of the vocabulary.
        files: A `TokenizerFiles` with a `tokenizer.json`.

    Raises:
        OtherTokenizerError: keras-hub's tokenizers do not have a step.
    """
    for name, expected in _STEPS[model].items():
        found = [step["type"] for step in flatten(files.fast.get(name))]
        if found not in expected:
            raise OtherTokenizerError(
                f"The {name} of a {model} tokenizer must have the steps "
                f"{' or '.join(map(str, expected))} to be followed by "
                f"keras-hub. Received: {name}={files.fast.get(name)} in the "
                f"tokenizer.json of folder={files.folder}"
            )
    for name, value in _SETTINGS[model].items():
        found = files.model.get(name, value)
        if found != value and (found or value):  # "" means the same as null
            raise OtherTokenizerError(
                f"`{name}` of a {model} tokenizer must be {value!r} to be "
                f"followed by keras-hub. Received: {name}={found!r} in the "
                f"tokenizer.json of folder={files.folder}"
            )
