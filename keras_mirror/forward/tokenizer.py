"""The tokenizer of an encoder, without Keras."""

import dataclasses
import functools
import json
from collections.abc import Callable

import regex
import tokenizers

from keras_mirror.preprocessing.tokenizer_file import with_hidden_tokens


@dataclasses.dataclass(frozen=True)
class ForwardTokenizer:
    """Strings to the ids that `PlainTextTokenizer` gives, as plain text only.

    Args:
        content: String, a `tokenizer.json` without a template.
        prefix_ids: List of integers, to be put before the ids of every text.
        suffix_ids: List of integers, to be put behind.
        pad_token_id: Integer.
        cuts_start: Boolean, whether a text that is too long loses its start.
        replacements: Pairs of a pattern and what replaces it in every text.

    Example:

    >>> kept = ForwardTokenizer.of(preprocessor)
    >>> kept(["a man"]) == preprocessor.tokenize(["a man"])
    True
    """

    content: str
    prefix_ids: list[int]
    suffix_ids: list[int]
    pad_token_id: int
    cuts_start: bool
    replacements: list[list[str]]

    @classmethod
    def of(cls, preprocessor) -> "ForwardTokenizer":
        """The tokenizer of a `MirrorPreprocessor`.

        Raises:
            ValueError: It is of a kind that cannot be written.
        """
        plain = preprocessor.plain_text
        return cls(
            content=_content(plain),
            prefix_ids=plain.prefix_ids,
            suffix_ids=plain.suffix_ids,
            pad_token_id=plain.tokenizer.pad_token_id,
            cuts_start=plain.cuts_start,
            replacements=[list(pair) for pair in plain.replacements],
        )

    def __call__(self, texts: list[str]) -> list[list[int]]:
        for pattern, replacement in self.replacements:
            found = regex.compile(pattern)
            texts = [found.sub(replacement, text) for text in texts]
        return self._tokenize(texts) if texts else []

    @property
    def tokenizer(self) -> "ForwardTokenizer":
        return self  # it knows its `pad_token_id`

    @property
    def num_special_tokens(self) -> int:
        return len(self.prefix_ids) + len(self.suffix_ids)

    def most_tokens(self, length: int) -> int:
        """How many tokens of a text find room in `length`."""
        return length - self.num_special_tokens

    @functools.cached_property
    def _tokenize(self) -> Callable[[list[str]], list[list[int]]]:
        library = tokenizers.Tokenizer.from_str(self.content)
        library.encode_special_tokens = True

        def tokenize(texts: list[str]) -> list[list[int]]:
            rows = library.encode_batch_fast(texts, add_special_tokens=False)
            return [row.ids for row in rows]

        return tokenize


def _content(plain) -> str:
    """The `tokenizer.json` that gives the ids of a plain tokenizer."""
    # Late: it needs keras-hub.
    from keras_mirror.export.transformers import fast_tokenizer as fast

    if plain.is_sentence_piece:
        # The tokenizers library composes accents otherwise.
        raise ValueError(
            "A SentencePiece tokenizer cannot be written for OpenVINO's "
            f"encoder. Received: {type(plain.tokenizer).__name__}"
        )
    if plain.is_hugging_face:
        return plain.tokenizer.library.to_str()
    content = json.loads(fast.fast_tokenizer(plain.tokenizer).to_str())
    special = fast.special_tokens(plain.tokenizer).values()
    # SentencePiece's vocabulary holds them beside other pieces.
    hidden = with_hidden_tokens(content, {token.content for token in special})
    return json.dumps(hidden)
