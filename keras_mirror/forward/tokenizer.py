"""The tokenizer of an encoder, without Keras."""

import base64
import dataclasses
import functools
import json
from collections.abc import Callable

import tokenizers

from keras_mirror.preprocessing.text_tokenizer import TextTokenizer
from keras_mirror.preprocessing.tokenizer_file import with_hidden_tokens


@dataclasses.dataclass(frozen=True)
class ForwardTokenizer(TextTokenizer):
    """Turns strings into the same ids as `PlainTextTokenizer`.

    Args:
        content: String, a `tokenizer.json` without a template; or the model
            of SentencePiece, in base64.
        prefix_ids: List of integers, to be put before the ids of every text.
        suffix_ids: List of integers, to be put after them.
        pad_token_id: Integer.
        cuts_start: Boolean, whether a text that is too long is cut at its
            start.
        replacements: Pairs of a pattern and what replaces it in every text.
        piece_ids: List of integers, the ids of SentencePiece's pieces. Defaults
            to `None`: the tokenizer is not SentencePiece.

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
    piece_ids: list[int] | None = None

    @classmethod
    def of(cls, preprocessor) -> "ForwardTokenizer":
        """Makes one from a `MirrorPreprocessor`.

        Raises:
            ValueError: The tokenizer is of a kind that cannot be written.
        """
        plain = preprocessor.plain_text
        if plain.is_sentence_piece:
            content, piece_ids = _pieces(plain.tokenizer)
        else:
            content, piece_ids = _content(plain), None
        return cls(
            content=content,
            piece_ids=piece_ids,
            prefix_ids=plain.prefix_ids,
            suffix_ids=plain.suffix_ids,
            pad_token_id=plain.tokenizer.pad_token_id,
            cuts_start=plain.cuts_start,
            replacements=[list(pair) for pair in plain.replacements],
        )

    @property
    def tokenizer(self) -> "ForwardTokenizer":
        return self  # it knows its `pad_token_id`

    @functools.cached_property
    def _tokenize(self) -> Callable[[list[str]], list[list[int]]]:
        if self.piece_ids is not None:
            return _encode_pieces(self.content, self.piece_ids)
        library = tokenizers.Tokenizer.from_str(self.content)
        library.encode_special_tokens = True

        def tokenize(texts: list[str]) -> list[list[int]]:
            rows = library.encode_batch_fast(texts, add_special_tokens=False)
            return [row.ids for row in rows]

        return tokenize


def _content(plain) -> str:
    """The `tokenizer.json` that gives the ids of a plain tokenizer."""
    # Imported late, since it needs keras-hub.
    from keras_mirror.export.transformers import fast_tokenizer as fast

    if plain.is_hugging_face:
        return plain.tokenizer.library.to_str()
    content = json.loads(fast.fast_tokenizer(plain.tokenizer).to_str())
    special = fast.special_tokens(plain.tokenizer).values()
    hidden = with_hidden_tokens(content, {token.content for token in special})
    return json.dumps(hidden)


# The tokenizers library composes accents differently from SentencePiece.


def _pieces(tokenizer) -> tuple[str, list[int]]:
    """The model of SentencePiece, and the ids that keras-hub gives pieces."""
    proto = tokenizer.proto
    processor = _processor(proto)
    pieces = map(processor.id_to_piece, range(processor.get_piece_size()))
    ids = [int(tokenizer.token_to_id(piece)) for piece in pieces]
    return base64.b64encode(proto).decode(), ids


def _encode_pieces(content: str, piece_ids: list[int]) -> Callable:
    processor = _processor(base64.b64decode(content))

    def tokenize(texts: list[str]) -> list[list[int]]:
        return [
            [piece_ids[piece] for piece in row]
            for row in processor.encode(texts)
        ]

    return tokenize


def _processor(proto: bytes):
    import sentencepiece  # late: few encoders need it, and it takes 0.2 s

    return sentencepiece.SentencePieceProcessor(model_proto=proto)
