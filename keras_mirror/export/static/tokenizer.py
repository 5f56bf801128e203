import json
import re

import tokenizers

from keras_mirror.export.transformers.fast_tokenizer import fast_tokenizer
from keras_mirror.export.transformers.fast_tokenizer import special_tokens
from keras_mirror.export.transformers.tokenizer import check_ids
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)
from keras_mirror.preprocessing.tokenizer_file import with_hidden_tokens

# `[unused7]`, `<extra_id_7>`, and tokens with hidden names; but not the bytes
# of SentencePiece, such as `<0x0A>`.
_NO_TEXT = re.compile(r"\[\w+\]|<(?!0x)[\w/|]+>|\0.*\0")


def static_tokenizer(tokenizer) -> tokenizers.Tokenizer:
    """Makes a tokenizer of the tokenizers library without special tokens.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`, of keras-hub or a
            `HuggingFaceTokenizer`.

    Returns:
        A `tokenizers.Tokenizer` that gives the ids of `PlainTextTokenizer`:
        `[MASK]` in a text is text.

    Raises:
        ValueError: The tokenizers library cannot give these ids.

    Example:

    >>> static_tokenizer(tokenizer).encode("a man").tokens
    ['a', 'man']
    """
    if isinstance(tokenizer, HuggingFaceTokenizer):
        content = tokenizer.plain_content
    else:
        content = json.loads(fast_tokenizer(tokenizer).to_str())
        content["added_tokens"] = []
        tokens = special_tokens(tokenizer).values()
        content = with_hidden_tokens(content, {t.content for t in tokens})
    fast = tokenizers.Tokenizer.from_str(json.dumps(content))
    check_ids(fast, tokenizer)
    return fast


def text_tokens(fast: tokenizers.Tokenizer) -> list[int]:
    """The ids of the tokens that can occur in texts, in rising order.

    Args:
        fast: A `tokenizers.Tokenizer`, of `static_tokenizer`.

    Returns:
        A list of integers, without special, unused and unknown tokens.

    Example:

    >>> fast = static_tokenizer(tokenizer)
    >>> [fast.id_to_token(id) for id in text_tokens(fast)[:3]]
    ['!', '"', '#']
    """
    vocabulary = fast.get_vocab()
    unknown = {getattr(fast.model, "unk_token", None)}
    return sorted(
        id
        for token, id in vocabulary.items()
        if token not in unknown and not _NO_TEXT.fullmatch(token)
    )
