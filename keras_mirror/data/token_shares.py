import dataclasses
import random

import regex

from keras_mirror.data.corpus import Corpus

SAMPLE = 1_000  # texts: the shares are right to 3 points, in 0.1 seconds
# Emoji in tweets make a quarter of the tokens unknown, Chinese with an English
# vocabulary half of them.
MOSTLY_UNKNOWN = 0.5
MULTILINGUAL_PRESET = "multilingual_minilm_l12_v2"
_WORD = regex.compile(r"[\w\p{M}]+")
# Scripts without spaces between words.
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)


@dataclasses.dataclass(frozen=True)
class TokenShares:
    """How well a tokenizer suits the texts of a corpus.

    Args:
        unknown: Float, the share of unknown tokens.
        cut: Float, the share of the texts that are longer than the sequence
            length.
        per_word: Float, tokens per word, in texts of languages that put spaces
            between words; `0` if there are no such texts.
    """

    unknown: float
    cut: float
    per_word: float

    @property
    def are_foreign(self) -> bool:
        """Whether most tokens are unknown: texts look alike to the model."""
        return self.unknown >= MOSTLY_UNKNOWN

    @property
    def problem(self) -> str:
        """Says what is wrong if `are_foreign`."""
        return (
            f"{percent(self.unknown)} of the tokens of the corpus are unknown "
            "to the vocabulary of the model. Its texts look alike to the "
            "model, which cannot learn to tell them apart"
        )

    @property
    def way_out(self) -> str:
        """Says what to do if `are_foreign`."""
        return (
            "Choose a preset for their language, such as "
            f"{MULTILINGUAL_PRESET!r}, or a folder"
        )


def percent(share: float) -> str:
    """Formats a share as a percentage.

    Example:

    >>> percent(0.123), percent(0.001)
    ('12%', 'Under 1%')
    """
    return "Under 1%" if share < 0.01 else f"{share:.0%}"


def token_shares(corpus: Corpus, preprocessor, seed: int = 0) -> TokenShares:
    """Tokenizes texts of a corpus, at most 1,000, to see if they fit a model.

    Args:
        corpus: A `Corpus`.
        preprocessor: A `MirrorPreprocessor`.
        seed: Integer. Decides which texts. Defaults to `0`.

    Returns:
        The `TokenShares`.

    Example:

    >>> token_shares(Corpus(["a man", "a woman"]), preprocessor).unknown
    0.0
    """
    texts = _drawn(corpus, seed)
    rows = preprocessor.tokenize(texts)
    texts = preprocessor.prompts.prepend(texts)  # as they were tokenized
    num_cut = sum(len(ids) > preprocessor.max_text_tokens for ids in rows)
    spaced = [
        (len(ids), len(_WORD.findall(text)))
        for text, ids in zip(texts, rows, strict=True)
        if not _UNSPACED.search(text)
    ]
    num_tokens, num_words = map(sum, zip(*spaced, (0, 0), strict=True))
    return TokenShares(
        unknown=preprocessor.share_unknown(rows),
        cut=num_cut / max(1, len(texts)),
        per_word=num_tokens / max(1, num_words),
    )


def _drawn(corpus: Corpus, seed: int) -> list[str]:
    sides = corpus.sides
    rows = random.Random(seed).sample(
        range(len(corpus.strings)), min(SAMPLE // len(sides), len(sides[0]))
    )
    return [side[row] for side in sides for row in rows]
