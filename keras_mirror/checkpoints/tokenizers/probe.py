import json

import regex
import tokenizers

from keras_mirror.checkpoints.tokenizers.probe_texts import probe_texts
from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    OtherTokenizerError,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.content_errors import content_errors
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer

_UNREADABLE = "has a tokenizer.json that the tokenizers library cannot read"
# `tokenizer_config.json` takes precedence over these steps.
_OPTIONS = {
    "BertNormalizer": {
        "do_lower_case": "lowercase",
        "strip_accents": "strip_accents",
        "tokenize_chinese_chars": "handle_chinese_chars",
    },
    "ByteLevel": {"add_prefix_space": "add_prefix_space"},
}


def check_against_tokenizers(tokenizer, files: TokenizerFiles) -> None:
    """Checks that a tokenizer does what `tokenizer.json` says.

    The tokenizers library follows every step of that file. About a hundred
    texts must get the same ids from both. Special tokens in a text count as
    text, see `PlainTextTokenizer`.

    Args:
        tokenizer: The tokenizer that was made of the files.
        files: A `TokenizerFiles` with a `tokenizer.json`.

    Raises:
        OtherTokenizerError: A text gets other ids.
    """
    reference = reference_tokenizer(files)
    texts = _texts(reference, files)
    plain_text = PlainTextTokenizer(tokenizer)
    found = plain_text(texts)
    encodings = reference.encode_batch(texts)
    for text, inner, encoding in zip(texts, found, encodings, strict=True):
        inner = [int(id) for id in inner]
        ids = [*plain_text.prefix_ids, *inner, *plain_text.suffix_ids]
        if encoding.ids != ids or any(encoding.type_ids):
            tokens = [reference.id_to_token(id) for id in ids]
            raise OtherTokenizerError(
                "tokenizer.json must do the same as a "
                f"{type(tokenizer).__name__}, but some texts would get other "
                f"ids. Received: text={text!r} with the ids {encoding.ids}, "
                f"tokens {encoding.tokens} and segments "
                f"{sorted(set(encoding.type_ids))}, instead of the ids {ids} "
                f"and tokens {tokens}, {_step(reference, text, inner)}, in "
                f"folder={files.folder}"
            )


def reference_tokenizer(files: TokenizerFiles) -> tokenizers.Tokenizer:
    """The folder's tokenizer in the tokenizers library, without truncation.

    Args:
        files: A `TokenizerFiles` with a `tokenizer.json`.

    Returns:
        A `tokenizers.Tokenizer` that treats special tokens in texts as text.

    Raises:
        ValueError: The library cannot read `tokenizer.json`.
    """
    with content_errors(files.folder, _UNREADABLE):
        reference = tokenizers.Tokenizer.from_str(
            json.dumps(reference_content(files))
        )
    reference.encode_special_tokens = True
    return reference


def reference_content(files: TokenizerFiles) -> dict:
    """Merges a `tokenizer.json` with the files beside it.

    Args:
        files: A `TokenizerFiles` with a `tokenizer.json`.

    Returns:
        A dict.
    """
    content = {**files.fast, "truncation": None, "padding": None}
    for name in ("normalizer", "pre_tokenizer"):
        content[name] = _with_options(content.get(name), files.config)
    # Tokens without an embedding in the model are left out.
    tokens = [
        token
        for token in content.get("added_tokens") or []
        if token["id"] < files.vocabulary_size
    ]
    content["added_tokens"] = [*tokens, *_other_tokens(tokens, files)]
    return content


def _has_clusters(text: str) -> bool:
    """Whether several code points make one visible character.

    SentencePiece applies its rules to each of them. tokenizers 0.23 applies
    the rule of the first one to all, and so loses the others.
    """
    return any(len(cluster) > 1 for cluster in regex.findall(r"\X", text))


def _with_options(step: dict | None, config: dict) -> dict | None:
    options = _OPTIONS.get(step["type"], {}) if step else {}
    given = {
        name: config[key]
        for key, name in options.items()
        if config.get(key) is not None
    }
    return {**step, **given} if step else None


def _other_tokens(tokens: list[dict], files: TokenizerFiles) -> list[dict]:
    """Added tokens that only the files beside `tokenizer.json` have."""
    known = {token["content"] for token in tokens}
    others = [t for t in files.added_tokens.values() if t.content not in known]
    options = dict.fromkeys(
        ("single_word", "lstrip", "rstrip", "special"), False
    )
    return [
        {
            "id": token.id,
            "content": token.content,
            "normalized": True,
            **options,
        }
        for token in sorted(others, key=lambda token: token.id)
        if not token.special
    ]


def _texts(reference: tokenizers.Tokenizer, files: TokenizerFiles) -> list[str]:
    added = [t.content for t in files.added_tokens.values() if not t.special]
    steps = [files.fast.get("normalizer"), files.fast.get("pre_tokenizer")]
    texts = probe_texts(sorted(reference.get_vocab()), added, steps)
    if any(step["type"] == "Precompiled" for step in files.normalizers):
        texts = [text for text in texts if not _has_clusters(text)]
    return texts


def _step(reference: tokenizers.Tokenizer, text: str, ids: list[int]) -> str:
    """The step that causes the difference, or the results of the steps."""
    if reference.encode(text, add_special_tokens=False).ids == ids:
        return "because of the post_processor"
    if reference.normalizer:
        text = reference.normalizer.normalize_str(text)
    words = [text]
    if reference.pre_tokenizer:
        pairs = reference.pre_tokenizer.pre_tokenize_str(text)
        words = [word for word, _ in pairs]
    return f"normalizer result {text!r}, pre_tokenizer result {words}"
