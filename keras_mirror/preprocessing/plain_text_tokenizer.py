import collections
import functools
import itertools
from collections.abc import Callable

import keras_hub
import regex
import tokenizers

# BERT's own cleaning of a text, in words both RE2 and `regex` understand.
CLEANING = (
    ("[\\t\\n\\r\\p{Z}]", " "),
    ("[\\p{Cc}\\p{Cf}\\p{Co}\ufffd]", ""),
)
# Python and ICU write a capital sigma at the end of a word as `ς`, BERT as `σ`.
SIGMA = ("Σ", "σ")


class PlainTextTokenizer:
    """Strings to token ids with a keras-hub tokenizer, as plain text only.

    What a user writes is text, also where it reads `[MASK]` or `</s>`: no
    special token is ever read out of it. And the ids are those that the model
    was pretrained with, in a graph and outside of it, where keras-hub 0.32
    differs:

    - WordPiece: keras-hub folds case (`ß` to `ss`, `™` to `tm`), splits words
      at invisible characters and not at every space. Here texts are cleaned
      and lower-cased as BERT does before keras-hub sees them.
    - Byte pairs: outside of graphs keras-hub splits words by GPT-4's rule,
      not by RoBERTa's.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`. It is changed in place:
            it no longer looks for special tokens in strings.

    Call arguments:
        texts: A list of strings.

    Returns:
        A list of lists of ids.

    Example:

    >>> ids = PlainTextTokenizer(tokenizer)(["a man", "a woman plays"])
    >>> [len(row) for row in ids]
    [2, 3]
    """

    def __init__(self, tokenizer) -> None:
        self.tokenizer = tokenizer
        tokenizers_of = keras_hub.tokenizers
        self.is_word_piece = isinstance(
            tokenizer, tokenizers_of.WordPieceTokenizer
        )
        self.is_byte_pair = isinstance(
            tokenizer, tokenizers_of.BytePairTokenizer
        )
        self.is_sentence_piece = isinstance(
            tokenizer, tokenizers_of.SentencePieceTokenizer
        )
        if self.is_word_piece:
            tokenizer.special_tokens_in_strings = False
        if self.is_byte_pair:
            _stop_matching_special_tokens(tokenizer)

    def __call__(self, texts: list[str]) -> list[list[int]]:
        for pattern, replacement in self.replacements:
            found = regex.compile(pattern)
            texts = [found.sub(replacement, text) for text in texts]
        if self.lowers:
            texts = [text.lower() for text in texts]
        return self._tokenize(texts) if texts else []

    @property
    def lowers(self) -> bool:
        """Whether texts are to be lower-cased before they are tokenized."""
        return self.is_word_piece and self.tokenizer.lowercase

    @functools.cached_property
    def cleaned_text_tokenizer(self):
        """The keras-hub tokenizer for texts that are cleaned already."""
        if not self.is_word_piece:
            return self.tokenizer
        names = ["strip_accents", "split", "split_on_cjk"]
        names += ["suffix_indicator", "oov_token", "vocabulary"]
        return keras_hub.tokenizers.WordPieceTokenizer(
            lowercase=False,
            **{name: getattr(self.tokenizer, name) for name in names},
        )

    @functools.cached_property
    def replacements(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a pattern and what is to replace it in every text."""
        if self.is_word_piece:
            return (*CLEANING, SIGMA) if self.lowers else CLEANING
        return tuple(
            (regex.escape(token), spell_apart(token))
            for token in self.matched_special_tokens
        )

    @functools.cached_property
    def matched_special_tokens(self) -> list[str]:
        """The special tokens that the keras-hub tokenizer finds in texts.

        A SentencePiece model may hold `[MASK]` as a symbol of its own, which
        cannot be switched off.
        """
        names = ("start", "end", "pad", "mask")
        ids = [
            getattr(self.tokenizer, f"{name}_token_id", None) for name in names
        ]
        tokens = {
            self.tokenizer.id_to_token(token_id): token_id
            for token_id in ids
            if token_id is not None
        }
        return [
            token
            for token, token_id in tokens.items()
            if token_id in self._tokenize([token])[0]
        ]

    def share_unknown(self, rows: list[list[int]]) -> float:
        """How many of some token ids stand for what the vocabulary lacks.

        Byte pairs lack nothing. SentencePiece's bare spaces do not count.

        Args:
            rows: A list of lists of ids, as a call returns.

        Returns:
            A float in `[0, 1]`.
        """
        counts = collections.Counter(itertools.chain(*rows))
        to_id = self.tokenizer.token_to_id
        num_spaces = 0
        if self.is_word_piece:
            unknown = to_id(self.tokenizer.oov_token)
        elif self.is_sentence_piece:
            unknown, space = to_id("\0"), to_id("▁")  # the first is no piece
            num_spaces = 0 if space == unknown else counts[space]
        else:
            return 0.0
        return counts[unknown] / max(1, counts.total() - num_spaces)

    @functools.cached_property
    def _tokenize(self) -> Callable[[list[str]], list[list[int]]]:
        if self.is_byte_pair:
            encode_batch = fast_byte_pair(self.tokenizer).encode_batch
            return lambda texts: [row.ids for row in encode_batch(texts)]
        return self.cleaned_text_tokenizer.tokenize


def spell_apart(token: str) -> str:
    """A special token as plain text, which no tokenizer matches.

    Example:

    >>> spell_apart("[MASK]")
    '[ MASK ]'
    """
    return f"{token[0]} {token[1:-1]} {token[-1]}"


def _stop_matching_special_tokens(tokenizer) -> None:
    if tokenizer.unsplittable_tokens:
        tokenizer.unsplittable_tokens = []
        # In an archive the vocabulary comes later, from the assets.
        if tokenizer.vocabulary is not None:
            tokenizer.set_vocabulary_and_merges(
                tokenizer.vocabulary, tokenizer.merges
            )


def fast_byte_pair(tokenizer) -> tokenizers.Tokenizer:
    """A byte-pair tokenizer of keras-hub as one of the `tokenizers` library.

    It splits as RoBERTa does, and knows no special tokens.

    Args:
        tokenizer: A `keras_hub.tokenizers.BytePairTokenizer`.

    Returns:
        A `tokenizers.Tokenizer`.
    """
    halves = (merge.partition(" ") for merge in merges(tokenizer))
    pairs = [(left, right) for left, _, right in halves]
    model = tokenizers.models.BPE(dict(tokenizer.vocabulary), pairs)
    fast = tokenizers.Tokenizer(model)
    fast.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=tokenizer.add_prefix_space
    )
    return fast


def merges(tokenizer) -> list[str]:
    """A byte-pair tokenizer's merges, `"left right"`, without their header."""
    return [merge for merge in tokenizer.merges if "#version:" not in merge]
