"""Keys and values of `tokenizer.json`, and whether ids are still its own."""

import copy
import functools
import json
import pathlib
import random

import regex
from support.texts import texts

from campaign.containers import Files

NAME = "tokenizer.json"
NFC, LOWER = {"type": "NFC"}, {"type": "Lowercase"}
STRIP = {"type": "Strip", "strip_left": True, "strip_right": False}
QUOTES = {"type": "Replace", "pattern": {"String": "``"}, "content": '"'}
SPACES = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
DIGITS = {"type": "Digits", "individual_digits": True}
BYTES = {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}
WORDS, POINTS = {"type": "WhitespaceSplit"}, {"type": "Punctuation"}
PIECES = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}
BERT = {"type": "BertNormalizer", "clean_text": True, "lowercase": True}
BERT |= {"handle_chinese_chars": True, "strip_accents": None}
# What may stand at any key of its name, beside other types.
KNOWN = {
    "normalizer": [None, NFC, LOWER, STRIP, QUOTES, SPACES, BERT],
    "pre_tokenizer": [None, DIGITS, BYTES, WORDS, POINTS, PIECES],
    "post_processor": [None, {"type": "BertProcessing", "sep": ["a", 5]}],
    "truncation": [None, {"direction": "Left", "max_length": 3}],
    "padding": [None, {"strategy": {"Fixed": 9}, "pad_id": 0}],
    "type": ["BPE", "Unigram", "WordPiece", "WordLevel", "NFKC", "Nmt"],
    "unk_token": [None, "[UNK]", "<unk>", "a", "absent"],
    "unk_id": [0, 1, 3, 5],
    "continuing_subword_prefix": ["", "##", "@@", None],
    "max_input_chars_per_word": [1, 5, 100, 200],
    "replacement": ["▁", "_", " "],
    "prepend_scheme": ["always", "never", "first"],
    "content": ["a", "[MASK]", " play", "ing ", "", "\u0130", "é"],
    "dropout": [None, 0.0, 0.5],
    "String": ["a", "``", " ", "é"],
}
OTHERS = [None, True, False, 0, 1, -1, 0.5, "x", "", [], {}, [1], {"a": 1}]


def changed_tokenizer(files: Files, draw: random.Random) -> Files:
    """A copy of a folder's files with another `tokenizer.json`."""
    content = json.loads(files[NAME])
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        _change(content, draw)
    return {**files, NAME: json.dumps(content).encode()}


def _change(content: dict, draw: random.Random) -> None:
    places = list(_places(content))
    # A key of every name first: tokens are thousands.
    name = draw.choice(sorted({str(key) for _, key in places}, key=str))
    parent, key = draw.choice([x for x in places if str(x[1]) == name])
    match draw.choice(["known"] * 5 + ["other", "drop", "turn", "twice"]):
        case "known" if key in KNOWN:
            parent[key] = copy.deepcopy(draw.choice(KNOWN[key]))
        case "other":
            parent[key] = draw.choice(OTHERS)
        case "drop":
            del parent[key]
        case "twice" if isinstance(parent[key], list):
            parent[key] = parent[key] + parent[key][-1:]
        case _ if isinstance(parent[key], bool):
            parent[key] = not parent[key]
        case _ if isinstance(parent[key], list):
            draw.shuffle(parent[key])
        case _ if isinstance(parent[key], int):
            parent[key] += draw.choice([-1, 1, 1000])


def _places(part):
    """Containers and their keys; of long ones, a few."""
    items = enumerate(part) if isinstance(part, list) else part.items()
    for key, value in list(items)[:9]:
        yield part, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def read_tokenizer(folder: pathlib.Path) -> None:
    """Loads a tokenizer, and compares ids that `tokenizers` gives.

    Raises:
        AssertionError: A text has others.
    """
    from keras_mirror.checkpoints.hugging_face.checkpoint import (
        load_hugging_face_tokenizer,
    )
    from keras_mirror.checkpoints.hugging_face.config import complete_config
    from keras_mirror.checkpoints.hugging_face.config import read_config
    from keras_mirror.checkpoints.tokenizers.probe import reference_tokenizer
    from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
        TokenizerFiles,
    )
    from keras_mirror.content_errors import content_errors
    from keras_mirror.preprocessing.plain_text_tokenizer import (
        PlainTextTokenizer,
    )

    config = complete_config(read_config(folder), folder)
    with content_errors(folder, "is not a readable preset"):
        tokenizer = load_hugging_face_tokenizer(folder, config)
    sizes = config["vocab_size"], config["model_type"]
    reference = reference_tokenizer(TokenizerFiles(folder, *sizes))
    compared = _texts()
    plain = PlainTextTokenizer(tokenizer)
    for text, ids in zip(compared, plain(compared), strict=True):
        found = [*plain.prefix_ids, *ids, *plain.suffix_ids]
        expected = reference.encode(text).ids
        assert list(map(int, found)) == expected, (text, found, expected)


@functools.cache
def _texts() -> list[str]:
    """Other texts than those that every folder is tried with."""
    from support.folders import STRINGS_OF_MANY_LANGUAGES

    draw = random.Random(0)
    words = " ".join([*STRINGS_OF_MANY_LANGUAGES, *texts(20)]).split(" ")
    made = list(STRINGS_OF_MANY_LANGUAGES)
    for _ in range(150):
        spaces = draw.choices([" ", "  ", "\t", "-", "", "\u00a0"], k=6)
        made.append("".join(draw.choice(words) + space for space in spaces))
    # tokenizers 0.23 loses the rest of what readers see as one, see `probe`.
    is_plain = [len(x) == len(regex.findall(r"\X", x)) for x in made]
    return [text for text, plain in zip(made, is_plain, strict=True) if plain]
