import collections
import functools
import itertools
from collections.abc import Callable

import keras_hub
import regex

from keras_mirror.preprocessing.fast_tokenizers import fast_byte_pair
from keras_mirror.preprocessing.fast_tokenizers import fast_word_piece
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)
from keras_mirror.preprocessing.text_tokenizer import TextTokenizer
from keras_mirror.preprocessing.word_piece_graph import WordPieceGraph


class PlainTextTokenizer(TextTokenizer):
    """Turns strings into token ids, treating special tokens as plain text.

    A user's `[MASK]` or `</s>` is text and never becomes a special token. And
    the ids are those that the model was pretrained with, inside and outside a
    graph, where keras-hub 0.32 differs:

    - WordPiece: keras-hub folds case (`ß` to `ss`, `™` to `tm`), splits words
    at invisible characters and not at every space, and treats words of more
    than 100 bytes, not characters, as unknown. - Byte pairs: outside a graph,
    keras-hub splits words by GPT-4's rule, not by RoBERTa's.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`, of keras-hub or a
            `HuggingFaceTokenizer`. It is changed in place: it no longer looks
            for special tokens in strings.

    Attributes:
        prefix_ids: List of integers, to be put before the ids of every text.
        suffix_ids: List of integers, to be put after them.
        cuts_start: Boolean, whether a text that is too long is cut at its
            start.

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
        self.is_hugging_face = isinstance(tokenizer, HuggingFaceTokenizer)
        self.cuts_start = (
            self.is_hugging_face and tokenizer.truncation_side == "left"
        )
        if self.is_word_piece:
            _check_splits(tokenizer)
            tokenizer.special_tokens_in_strings = False
        if self.is_byte_pair:
            _stop_matching_special_tokens(tokenizer)

    @property
    def prefix_ids(self) -> list[int]:
        if self.is_hugging_face:
            return self.tokenizer.prefix_ids
        return [self.tokenizer.start_token_id]

    @property
    def suffix_ids(self) -> list[int]:
        if self.is_hugging_face:
            return self.tokenizer.suffix_ids
        return [self.tokenizer.end_token_id]

    @functools.cached_property
    def graph_tokenizer(self):
        """The tokenizer for graphs, applied after `replacements`."""
        if self.is_word_piece:
            return WordPieceGraph(self.tokenizer)
        return self.tokenizer

    @functools.cached_property
    def replacements(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a pattern and its replacement, for every text."""
        _check_vocabulary(self.tokenizer)
        return tuple(
            (regex.escape(token), spell_apart(token))
            for token in self.matched_special_tokens
        )

    @functools.cached_property
    def matched_special_tokens(self) -> list[str]:
        """The special tokens that the keras-hub tokenizer finds in texts.

        A SentencePiece model may contain `[MASK]` as a symbol, which cannot be
        switched off.
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
        """The share of unknown tokens among token ids.

        Byte pairs have no unknown tokens. SentencePiece's bare spaces do not
        count.

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
            unknown, space = to_id("\0"), to_id("▁")  # the first is not a piece
            num_spaces = 0 if space == unknown else counts[space]
        elif self.is_hugging_face:
            unknown = self.tokenizer.unk_token_id
            num_spaces = counts[self.tokenizer.vocabulary.get("▁")]
        else:
            return 0.0
        return counts[unknown] / max(1, counts.total() - num_spaces)

    @functools.cached_property
    def _tokenize(self) -> Callable[[list[str]], list[list[int]]]:
        if not (self.is_word_piece or self.is_byte_pair):
            return self.tokenizer.tokenize
        make = fast_word_piece if self.is_word_piece else fast_byte_pair
        encode_batch = make(self.tokenizer).encode_batch
        return lambda texts: [row.ids for row in encode_batch(texts)]


def spell_apart(token: str) -> str:
    """Spells a special token so that no tokenizer matches it.

    Example:

    >>> spell_apart("[MASK]")
    '[ MASK ]'
    """
    return f"{token[0]} {token[1:-1]} {token[-1]}"


def _check_splits(tokenizer) -> None:
    if not tokenizer.split:
        raise ValueError(
            "A WordPiece tokenizer must split texts into words, as BERT does. "
            f"Received: split={tokenizer.split!r}"
        )


def _check_vocabulary(tokenizer) -> None:
    """Refuses a tokenizer without a vocabulary, as a config makes it."""
    # Of SentencePiece, it is in the `proto`.
    for name in ("vocabulary", "proto"):
        if getattr(tokenizer, name, "unknown") is None:
            raise ValueError(
                f"`{type(tokenizer).__name__}` has no vocabulary: "
                "`from_config` and `keras.models.clone_model` make models "
                "without vocabulary and with new weights. For a copy, call "
                "`copy.deepcopy(model)`. Received: a tokenizer with "
                f"{name}=None"
            )


def _stop_matching_special_tokens(tokenizer) -> None:
    if tokenizer.unsplittable_tokens:
        tokenizer.unsplittable_tokens = []
        # When an archive is loaded, the vocabulary comes later, from the
        # assets.
        if tokenizer.vocabulary is not None:
            tokenizer.set_vocabulary_and_merges(
                tokenizer.vocabulary, tokenizer.merges
            )
