from typing import Any

import regex


class TextTokenizer:
    """The base class of tokenizers of plain text, without Keras.

    A subclass has these attributes:

    Attributes:
        prefix_ids: List of integers, to be put before the ids of every text.
        suffix_ids: List of integers, to be put after them.
        replacements: Pairs of a pattern and its replacement, for every text.
        _tokenize: Function from a list of strings to their ids.

    Call arguments:
        texts: A list of strings.

    Returns:
        A list of lists of ids.
    """

    def __call__(self: Any, texts: list[str]) -> list[list[int]]:
        for pattern, replacement in self.replacements:
            found = regex.compile(pattern)
            texts = [found.sub(replacement, text) for text in texts]
        return self._tokenize(texts) if texts else []

    @property
    def num_special_tokens(self: Any) -> int:
        return len(self.prefix_ids) + len(self.suffix_ids)

    def most_tokens(self, length: int) -> int:
        """The maximum number of tokens of a text in a row of `length`."""
        if length < self.num_special_tokens:
            raise ValueError(
                "`sequence_length` must leave room for the special tokens of "
                f"every text, {self.num_special_tokens}. Received: {length}"
            )
        return length - self.num_special_tokens
