"""BERT's tokenizer as a graph of TensorFlow.

keras-hub 0.32 folds case (`ß` to `ss`, `™` to `tm`), splits words at other
characters, and counts the bytes of a word instead of its characters.
"""

import functools
import itertools
from collections.abc import Iterable

from tokenizers import normalizers
from tokenizers import pre_tokenizers

from keras_mirror.optional_tensorflow import tf
from keras_mirror.optional_tensorflow import tf_text
from keras_mirror.preprocessing.fast_tokenizers import MAX_CHARACTERS_PER_WORD

_MAX_BYTES_PER_CHARACTER = 4  # of UTF-8
# The `tokenizers` library begins one range of BERT's later, at 2B920.
_CHINESE = (
    "[\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{20000}-\\x{2A6DF}"
    "\\x{2A700}-\\x{2B73F}\\x{2B740}-\\x{2B81F}\\x{2B920}-\\x{2CEAF}"
    "\\x{F900}-\\x{FAFF}\\x{2F800}-\\x{2FA1F}]"
)
# A capital sigma at the end of a word becomes `ς` in TensorFlow.
_SIGMA = ("Σ", "σ")
# Code points of other planes are Chinese, private or not assigned.
_PLANES = (range(0xD800), range(0xE000, 0x20000), range(0xE0000, 0xE1000))
_PRIVATE = "\\p{Co}"
_SEPARATOR = "€"  # not part of another character or word


class WordPieceGraph:
    """Gives the ids of `fast_word_piece` inside a TensorFlow graph.

    Args:
        tokenizer: A `keras_hub.tokenizers.WordPieceTokenizer`.

    Call arguments:
        texts: A string tensor of shape `(batch_size,)`.

    Returns:
        A ragged int32 tensor of ids.
    """

    def __init__(self, tokenizer) -> None:
        self.tokenizer = tokenizer
        self.word_piece = tf_text.FastWordpieceTokenizer(
            tokenizer.vocabulary,
            suffix_indicator=tokenizer.suffix_indicator,
            max_bytes_per_word=(
                _MAX_BYTES_PER_CHARACTER * MAX_CHARACTERS_PER_WORD
            ),
            token_out_type=tf.int32,
            unknown_token=tokenizer.oov_token,
            no_pretokenization=True,
        )

    def __call__(self, texts):
        words = self._split(self._normalize(texts))
        lengths = tf.strings.length(words.flat_values, unit="UTF8_CHAR")
        words = words.with_flat_values(
            tf.where(
                lengths > MAX_CHARACTERS_PER_WORD,
                self.tokenizer.oov_token,
                words.flat_values,
            )
        )
        return self.word_piece.tokenize(words).merge_dims(-2, -1)

    def _normalize(self, texts):
        patterns = _patterns()
        replacements = [(patterns["space"], " "), (patterns["dropped"], "")]
        if self.tokenizer.split_on_cjk:
            replacements.append((_CHINESE, r" \0 "))
        if self.tokenizer.lowercase:
            replacements.append(_SIGMA)
        for pattern, replacement in replacements:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        if self.tokenizer.strip_accents:
            texts = tf_text.normalize_utf8(texts, "NFD")
            texts = tf.strings.regex_replace(texts, patterns["accent"], "")
        if self.tokenizer.lowercase:
            texts = tf.strings.lower(texts, encoding="utf-8")
        return texts

    def _split(self, texts):
        punctuation = _patterns()["punctuation"]
        return tf_text.regex_split(texts, f" |{punctuation}", punctuation)


@functools.cache
def _patterns() -> dict[str, str]:
    """BERT's classes of characters, as in the `tokenizers` library.

    Its tables are of an older version of Unicode than TensorFlow's.
    """
    cleaned = _normalized(clean_text=True)
    stripped = _normalized(strip_accents=True)
    return {
        "space": _pattern(c for c, new in cleaned.items() if new == " "),
        "dropped": _pattern((c for c in cleaned if not cleaned[c]), _PRIVATE),
        "accent": _pattern(c for c in stripped if not stripped[c]),
        "punctuation": _pattern(_punctuation()),
    }


def _normalized(**steps: bool) -> dict[str, str]:
    """The result of some steps of `BertNormalizer` for every character."""
    options = ("clean_text", "handle_chinese_chars", "strip_accents")
    normalizer = normalizers.BertNormalizer(
        lowercase=False,
        **{name: steps.get(name, False) for name in options},
    )
    text = normalizer.normalize_str(_SEPARATOR.join(_characters()))
    return dict(zip(_characters(), text.split(_SEPARATOR), strict=True))


def _punctuation() -> list[str]:
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    words = [word for word, _ in split(_SEPARATOR.join(_characters()))]
    return [word for word in words if len(word) == 1 and word != _SEPARATOR]


@functools.cache
def _characters() -> list[str]:
    characters = [chr(code) for plane in _PLANES for code in plane]
    return [c for c in characters if c != _SEPARATOR]


def _pattern(characters: Iterable[str], *more: str) -> str:
    """An RE2 pattern that matches one of some characters."""
    codes = sorted(map(ord, characters))
    # Consecutive code points have the same distance from their places.
    groups = itertools.groupby(enumerate(codes), lambda pair: pair[1] - pair[0])
    runs = [[code for _, code in group] for _, group in groups]
    ranges = [f"\\x{{{run[0]:X}}}-\\x{{{run[-1]:X}}}" for run in runs]
    return f"[{''.join([*ranges, *more])}]"
