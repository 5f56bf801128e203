import bisect
import string
import zlib
from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from keras_mirror.data import as_strings


class PythonPipeline:
    """Preprocesses Python strings, without TensorFlow.

    It gives the same ids as `GraphPipeline`.

    Args:
        plain_text: A `PlainTextTokenizer`, or a `ForwardTokenizer`, which has
            the same attributes.
    """

    def __init__(self, plain_text) -> None:
        self.plain_text = plain_text
        self.special = plain_text.tokenizer

    def tokenize(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids as lists, uncut and without special tokens."""
        return self.plain_text(as_strings(texts))

    def count_tokens(self, texts: Iterable[str]):
        """The number of ids of every string, an integer array."""
        return np.array([len(ids) for ids in self.tokenize(texts)], "int64")

    def string_ids(self, texts: Iterable[str]):
        """Integers, equal for texts that differ only in case or white space.

        With 200 different texts per batch, two collide in one batch of 100,000.
        """
        bare = (" ".join(text.lower().split()) for text in as_strings(texts))
        ids = [zlib.crc32(text.encode("utf-8")) >> 1 for text in bare]
        return np.array(ids, dtype="int32")

    def tokenize_views(
        self,
        texts: Iterable[str],
        left: list[str],
        right: list[str],
        is_masked: list[bool],
    ) -> tuple[list[list[int]], list[list[int]]]:
        """The ids of both views: of the texts, and of the texts with masks."""
        mask = self.special.mask_token_id
        sides = [
            _around_span(*parts) if masked else parts
            for *parts, masked in zip(left, right, is_masked, strict=True)
        ]
        before = self.tokenize([left for left, _ in sides])
        after = self.tokenize([right for _, right in sides])
        view_2 = [
            [*ids, mask, *more_ids] if masked else ids
            for ids, more_ids, masked in zip(
                before, after, is_masked, strict=True
            )
        ]
        return self.tokenize(texts), view_2

    def packed_lengths(self, token_ids: list, length: int) -> list[int]:
        """The numbers of tokens of rows that `pack` cuts at `length`."""
        num_special = self.plain_text.num_special_tokens
        return [min(len(ids) + num_special, length) for ids in token_ids]

    def pack(self, token_ids: list[list[int]], length: int) -> dict:
        """Cuts ids, adds special tokens and pads to `length` tokens."""
        prefix, suffix = self.plain_text.prefix_ids, self.plain_text.suffix_ids
        most = self.plain_text.most_tokens(length)
        cuts_start = self.plain_text.cuts_start
        shape = (len(token_ids), length)
        packed = np.full(shape, self.special.pad_token_id, dtype="int32")
        padding_mask = np.zeros(shape, dtype="int32")
        for row, ids in enumerate(token_ids):
            first = max(0, len(ids) - most) if cuts_start else 0
            ids = [*prefix, *ids[first : first + most], *suffix]
            packed[row, : len(ids)] = ids
            padding_mask[row, : len(ids)] = 1
        return {"token_ids": packed, "padding_mask": padding_mask}

    def padded_length(
        self, batches: Sequence[list[list[int]]], lengths: list[int]
    ) -> int:
        """The smallest of `lengths` that holds all rows, or the last one."""
        rows = [len(ids) for token_ids in batches for ids in token_ids]
        longest = max(rows, default=0) + self.plain_text.num_special_tokens
        longest = min(longest, lengths[-1])
        return lengths[bisect.bisect_left(lengths, longest)]


def _around_span(left: str, right: str) -> tuple[str, str]:
    """The parts before and after a masked span, as separate words.

    What follows the span starts a new word, so that a byte-pair or
    SentencePiece tokenizer sees the space that WordPiece does not need.
    """
    spaces = string.whitespace
    return left.strip(spaces), " " + right.strip(spaces)
