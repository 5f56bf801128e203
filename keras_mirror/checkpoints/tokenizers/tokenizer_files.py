import dataclasses
import functools
import pathlib
from collections.abc import Iterable

from keras_mirror.files import read_json

# Names of special tokens if no file gives them: BERT's are tried first.
# keras-hub's tokenizers of these families have them in their code.
BERT_NAMES = {
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "mask_token": "[MASK]",
    "unk_token": "[UNK]",
}
ROBERTA_NAMES = {
    "cls_token": "<s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
    "unk_token": "<unk>",
}
_MAX_TOKEN_LENGTH = 1_000


class OtherTokenizerError(ValueError):
    """keras-hub's tokenizers cannot follow these files."""


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """A token that is not part of the trained vocabulary, or is special."""

    content: str
    id: int
    special: bool


@dataclasses.dataclass(frozen=True)
class TokenizerFiles:
    """The files of a Hugging Face tokenizer, read as one configuration.

    Args:
        folder: A `pathlib.Path`.
        vocabulary_size: Integer, the number of ids that the model knows.
        model_type: String, the type of the model that the tokenizer belongs to.
    """

    folder: pathlib.Path
    vocabulary_size: int
    model_type: str

    @functools.cached_property
    def config(self) -> dict:
        """The content of `tokenizer_config.json`, if there is one."""
        return read_json(self.folder / "tokenizer_config.json", default={})

    @functools.cached_property
    def fast(self) -> dict:
        """The content of `tokenizer.json`, if there is one."""
        return read_json(self.folder / "tokenizer.json", default={})

    @functools.cached_property
    def model(self) -> dict:
        """The vocabulary and the algorithm, as in `tokenizer.json`."""
        return self.fast.get("model") or {}

    @functools.cached_property
    def normalizers(self) -> list[dict]:
        """The steps of the normalizer of `tokenizer.json`, in their order."""
        return flatten(self.fast.get("normalizer"))

    @functools.cached_property
    def added_tokens(self) -> dict[str, AddedToken]:
        """The added tokens by content, without ids that have no embedding."""
        added = {}
        for content, id in self._read("added_tokens.json").items():
            added[content] = AddedToken(content, id, False)
        decoder = self.config.get("added_tokens_decoder") or {}
        entries = [{**entry, "id": int(id)} for id, entry in decoder.items()]
        for entry in entries + (self.fast.get("added_tokens") or []):
            content, special = entry["content"], entry.get("special", False)
            added[content] = AddedToken(content, entry["id"], special)
        longest = max(added, key=len, default="")
        if len(longest) > _MAX_TOKEN_LENGTH:
            raise ValueError(
                "An added token must have at most "
                f"{_MAX_TOKEN_LENGTH} characters. Received: {len(longest)} in "
                f"folder={self.folder}"
            )
        return {
            content: token
            for content, token in added.items()
            if token.id < self.vocabulary_size
        }

    @functools.cached_property
    def truncation_side(self) -> str:
        """The side on which texts are truncated: `"right"` or `"left"`."""
        side = self.config.get("truncation_side")
        if side is None:
            truncation = self.fast.get("truncation") or {}
            side = str(truncation.get("direction", "right")).lower()
        return side

    def named_special_tokens(
        self, ids: dict[str, int], roles: Iterable[str]
    ) -> dict[str, str]:
        """As `special_tokens`, but some may be missing."""
        named = self._read("special_tokens_map.json")
        tokens = {}
        for role in roles:
            token = self.config.get(role) or named.get(role)
            if isinstance(token, dict):
                token = token["content"]
            tokens[role] = token or _usual_name(role, ids)
        return tokens

    def special_tokens(
        self, ids: dict[str, int], roles: Iterable[str]
    ) -> dict[str, str]:
        """The special tokens, each by the name that it has in these files.

        Args:
            ids: A dict of all tokens to their ids.
            roles: The special tokens to look for, such as `"mask_token"`.

        Returns:
            A dict of roles to tokens.
        """
        tokens = self.named_special_tokens(ids, roles)
        self._check_special_tokens(tokens, ids)
        return tokens

    def _check_special_tokens(
        self, tokens: dict[str, str], ids: dict[str, int]
    ) -> None:
        missing = [token for token in tokens.values() if token not in ids]
        if missing:
            raise ValueError(
                "The tokenizer must have all its special tokens in its "
                "vocabulary, with an id that the model knows. "
                f"Received: special tokens {tokens}, of which {missing} are "
                f"missing, in folder={self.folder}"
            )
        if len({ids[token] for token in tokens.values()}) < len(tokens):
            raise ValueError(
                "The tokenizer's special tokens must have different ids. "
                f"Received: special tokens {tokens} in folder={self.folder}"
            )

    def _read(self, name: str) -> dict:
        return read_json(self.folder / name, default={})


def check_ids(ids: dict[str, int], files: TokenizerFiles) -> dict[str, int]:
    """Checks the ids of a vocabulary, and adds the added tokens to it.

    Args:
        ids: A dict of tokens to their ids.
        files: A `TokenizerFiles`.

    Returns:
        A dict of all tokens to their ids.
    """
    for token, id in ids.items():
        if not (isinstance(id, int) and 0 <= id < files.vocabulary_size):
            raise ValueError(
                "Every token must have an id below the `vocab_size` of "
                f"config.json, {files.vocabulary_size}. Received: id={id!r} "
                f"of token {token!r} in folder={files.folder}"
            )
    added = {token.content: token.id for token in files.added_tokens.values()}
    return {**added, **ids}


def rename_special_tokens(
    ids: dict[str, int], files: TokenizerFiles, names: dict[str, str]
) -> dict[str, int]:
    """Gives special tokens the names that a keras-hub class looks for.

    Args:
        ids: A dict from all tokens to their ids, not changed.
        files: A `TokenizerFiles`.
        names: A dict of roles, such as `"mask_token"`, to new names.

    Returns:
        A dict of all tokens to their ids, the same ids as before. A token
        that had one of the new names without being special is dropped.
    """
    tokens = files.special_tokens(ids, names)
    renamed = {name: ids[tokens[role]] for role, name in names.items()}
    special = set(tokens.values())
    others = {token: id for token, id in ids.items() if token not in special}
    return {**others, **renamed}


def _usual_name(role: str, ids: dict[str, int]) -> str:
    names = (BERT_NAMES[role], ROBERTA_NAMES[role])
    return next((name for name in names if name in ids), BERT_NAMES[role])


def flatten(step: dict | None) -> list[dict]:
    """The steps that a part of `tokenizer.json` has, in their order.

    Args:
        step: A dict, a normalizer or a splitter, or `None`.

    Returns:
        A list of dicts, none of them a sequence.

    Example:

    >>> flatten({"type": "Sequence", "normalizers": [{"type": "NFC"}]})
    [{'type': 'NFC'}]
    """
    if not step:
        return []
    if step["type"] != "Sequence":
        return [step]
    parts = step["normalizers" if "normalizers" in step else "pretokenizers"]
    return [inner for part in parts for inner in flatten(part)]
