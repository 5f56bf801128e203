import functools
import json
from collections.abc import Collection
from collections.abc import Iterator

import tokenizers

from keras_mirror.archive.limits import MAX_TOKENIZER_BYTES
from keras_mirror.content_errors import content_errors
from keras_mirror.preprocessing.tokenizer_content import check_tokenizer_content
from keras_mirror.preprocessing.tokenizer_content import is_token_id

_MAX_SPECIAL_TOKENS = 8  # of every text
_UNKNOWN = "unk_token"


class TokenizerFile:
    """A checked `tokenizer.json`, and the `tokenizers.Tokenizer` made of it.

    Args:
        content: Dict, the content of the file.
        roles: Dict of roles of transformers, such as `"mask_token"`, to
            special tokens.

    Attributes:
        text: String, the content of the file without white space.
        vocabulary: Dict of all tokens to their ids.
        prefix_ids: List of integers, the ids that the template puts before a
            text. suffix_ids: List of integers, the ids that it puts after.

    Raises:
        ValueError: The file is damaged, not safe, or lacks a special token.
    """

    def __init__(self, content: dict, roles: dict[str, str]) -> None:
        with content_errors("tokenizer.json"):
            self.text = json.dumps(
                content, ensure_ascii=False, separators=(",", ":")
            )
            _check_size(self.text)
            check_tokenizer_content(content)
            self.content = content
            self.vocabulary = _vocabulary(content)
            self.prefix_ids, self.suffix_ids = _template(
                content.get("post_processor")
            )
            self._check_template()
            self._check_special_tokens(roles)
            self._special_ids = self._ids_of_special_tokens(roles)
            self.library = self._make_library()

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Ids of texts, uncut and without those of the template."""
        if not texts:
            return []
        with content_errors("tokenizer.json", "cannot be followed"):
            rows = self.library.encode_batch(texts, add_special_tokens=False)
            return [row.ids for row in rows]

    @functools.cached_property
    def tokens(self) -> dict[int, str]:
        """The tokens by their ids."""
        return {id: token for token, id in self.vocabulary.items()}

    @property
    def unknown_id(self) -> int | None:
        """The id of the unknown token, if there is one."""
        model = self.content["model"]
        token = model.get(_UNKNOWN)
        return model.get("unk_id", self.vocabulary.get(token))

    @property
    def plain_content(self) -> dict:
        """The file without special tokens, see `with_hidden_tokens`.

        The name of the unknown token is hidden too.
        """
        special = {*self._special_ids, self.unknown_id}
        added = self.content.get("added_tokens") or []
        special.update(token["id"] for token in added if token.get("special"))
        tokens = {t for t, id in self.vocabulary.items() if id in special}
        return with_hidden_tokens(self.content, tokens)

    def _check_template(self) -> None:
        ids = [*self.prefix_ids, *self.suffix_ids]
        is_short = len(ids) <= _MAX_SPECIAL_TOKENS
        are_ids = all(map(is_token_id, ids)) and set(ids) <= set(self.tokens)
        if not is_short or not are_ids:
            raise ValueError(
                f"A template must have at most {_MAX_SPECIAL_TOKENS} special "
                "tokens, with ids of the vocabulary. "
                f"Received: the ids {str(ids)[:200]}"
            )

    def _check_special_tokens(self, roles: dict[str, str]) -> None:
        missing = [t for t in roles.values() if t not in self.vocabulary]
        if missing:
            raise ValueError(
                "Every special token must be in the vocabulary. "
                f"Received: {roles}, of which {missing} are missing"
            )

    def _ids_of_special_tokens(self, roles: dict[str, str]) -> set[int]:
        return {*self.prefix_ids, *self.suffix_ids} | {
            self.vocabulary[token]
            for role, token in roles.items()
            if role != _UNKNOWN
        }

    def _make_library(self) -> tokenizers.Tokenizer:
        """Makes the library's tokenizer, which finds no special tokens.

        They are renamed so that no text has them.
        """
        hidden = self._special_ids
        tokens = {t for t, id in self.vocabulary.items() if id in hidden}
        library = tokenizers.Tokenizer.from_str(
            json.dumps(with_hidden_tokens(self.content, tokens))
        )
        library.encode_special_tokens = True  # tokens without a role
        expected = {
            _hidden_name(token) if token in tokens else token: id
            for token, id in self.vocabulary.items()
        }
        if library.get_vocab(with_added_tokens=True) != expected:
            raise ValueError(
                "Every added token must have the next free id. Received: "
                f"{self.content.get('added_tokens')}"[:300]
            )
        return library


def with_hidden_tokens(content: dict, tokens: Collection[str]) -> dict:
    """The parts of a `tokenizer.json` that decide ids, with hidden tokens.

    Args:
        content: Dict, the content of the file.
        tokens: Collection of strings. They get names that no text has, and keep
            their ids.

    Returns:
        A dict.

    Example:

    >>> content = {"model": {"type": "BPE", "vocab": {"a": 0, "<s>": 1}}}
    >>> with_hidden_tokens(content, ["<s>"])["model"]["vocab"]["a"]
    0
    """

    def name(token: str) -> str:
        return _hidden_name(token) if token in tokens else token

    model = dict(content["model"])
    if isinstance(model["vocab"], dict):
        model["vocab"] = {name(t): id for t, id in model["vocab"].items()}
    else:
        model["vocab"] = [[name(t), score] for t, score in model["vocab"]]
    if model.get(_UNKNOWN) is not None:
        model[_UNKNOWN] = name(model[_UNKNOWN])
    added = content.get("added_tokens") or []
    return {
        "version": content.get("version", "1.0"),
        "added_tokens": [{**t, "content": name(t["content"])} for t in added],
        "normalizer": content.get("normalizer"),
        "pre_tokenizer": content.get("pre_tokenizer"),
        "model": model,
    }


def _hidden_name(token: str) -> str:
    return f"\0{token}\0"


def _check_size(text: str) -> None:
    size = len(text.encode("utf-8", "replace"))
    if size > MAX_TOKENIZER_BYTES:
        raise ValueError(
            f"A tokenizer.json must have at most {MAX_TOKENIZER_BYTES} bytes "
            f"without white space, to be kept in an archive. Received: {size}"
        )


def _vocabulary(content: dict) -> dict[str, int]:
    known = content["model"]["vocab"]
    if isinstance(known, list):  # Unigram's, with scores
        known = {token: id for id, (token, _) in enumerate(known)}
    added = content.get("added_tokens") or []
    return {**{token["content"]: token["id"] for token in added}, **known}


def _template(step: dict | None) -> tuple[list[int], list[int]]:
    """The ids that a post processor puts before and after a single text."""
    prefix: list[int] = []
    suffix: list[int] = []
    for part in _processors(step):
        if "cls" in part:
            before, behind = [part["cls"][1]], [part["sep"][1]]
        else:
            before, behind = _sides(part)
        prefix, suffix = [*before, *prefix], [*suffix, *behind]
    return prefix, suffix


def _processors(step: dict | None) -> Iterator[dict]:
    if step is None or step["type"] == "ByteLevel":  # which changes no ids
        return
    if step["type"] != "Sequence":
        yield step
        return
    for part in step["processors"]:
        yield from _processors(part)


def _sides(template: dict) -> tuple[list[int], list[int]]:
    sides: tuple[list[int], ...] = ([],)
    for piece in template["single"]:
        if "Sequence" in piece:
            sides = (*sides, [])
        else:
            name = piece["SpecialToken"]["id"]
            sides[-1].extend(template["special_tokens"][name]["ids"])
    if len(sides) != 2:
        raise ValueError(
            "A template must contain its text once. Received: "
            f"{template['single']}"
        )
    return sides[0], sides[1]
