import json
import os
import pathlib
from collections.abc import Iterable

import keras
import keras_hub
import tokenizers

from keras_mirror.archive.limits import MAX_TOKENIZER_BYTES
from keras_mirror.content_errors import content_errors
from keras_mirror.preprocessing.tokenizer_file import TokenizerFile

ASSET = "tokenizer.json"


@keras.saving.register_keras_serializable(package="keras_mirror")
class HuggingFaceTokenizer(keras_hub.tokenizers.Tokenizer):
    """A tokenizer that runs a `tokenizer.json` in the `tokenizers` library.

    For folders of Hugging Face that keras-hub's tokenizers cannot follow:
    other steps before the model, other templates, added tokens, texts that
    are cut at their start. The file is kept in the archive of a model. It is
    Python, in `tf.data` too, so that no graph can be written with it.

    What a text says is text: tokens of `roles` and of the template
    are never found in one.

    Args:
        roles: Dict of roles of transformers to special tokens, `"pad_token"`
            and `"mask_token"` at least.
        truncation_side: String, `"left"` or `"right"`, the side on which texts
            are cut. Defaults to `"right"`.
        **kwargs: Passed to `keras_hub.tokenizers.Tokenizer`.

    Attributes:
        content: Dict, the content of the file, from `from_content` or
            `load_assets`.
        vocabulary: Dict of all tokens to their ids, or `None`.
        prefix_ids: List of integers, the ids before every text. suffix_ids:
            List of integers, the ids after every text.

    Call arguments:
        inputs: A list of strings.

    Returns:
        A list of lists of ids, without the template's.

    Example:

    >>> from keras_mirror.export.transformers.fast_tokenizer import (
    ...     fast_tokenizer,
    ... )
    >>> content = json.loads(fast_tokenizer(tokenizer).to_str())
    >>> roles = {"pad_token": "[PAD]", "mask_token": "[MASK]"}
    >>> own = HuggingFaceTokenizer.from_content(content, roles)
    >>> [len(ids) for ids in own(["a man", "a woman plays"])]
    [2, 3]
    """

    def __init__(
        self,
        roles: dict[str, str],
        truncation_side: str = "right",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if truncation_side not in ("left", "right"):
            raise ValueError(
                "`truncation_side` must be 'left' or 'right'. "
                f"Received: truncation_side={truncation_side!r}"
            )
        _check_roles(roles)
        self.roles = roles
        self.truncation_side = truncation_side
        self.file_assets = [ASSET]
        self._file: TokenizerFile | None = None

    def call(self, inputs: Iterable[str], training=None) -> list[list[int]]:
        return self.tokenize(inputs)

    def tokenize(self, inputs: Iterable[str]) -> list[list[int]]:
        return self._loaded.encode(list(inputs))

    @classmethod
    def from_content(cls, content: dict, roles: dict[str, str], **kwargs):
        """Makes a tokenizer from the content of a `tokenizer.json`.

        Args:
            content: Dict.
            roles: Dict, see above.
            **kwargs: The other arguments.

        Raises:
            ValueError: It is damaged, or not safe to follow.
        """
        # Not an argument, since Keras would traverse all its tokens.
        tokenizer = cls(roles, **kwargs)
        tokenizer._file = TokenizerFile(content, roles)
        return tokenizer

    @property
    def content(self) -> dict:
        return self._loaded.content

    @property
    def library(self) -> tokenizers.Tokenizer:
        """The `tokenizers.Tokenizer`, with `encode_special_tokens` set."""
        return self._loaded.library

    @property
    def plain_content(self) -> dict:
        """`content` with special tokens renamed so that no text has them."""
        return self._loaded.plain_content

    @property
    def vocabulary(self) -> dict[str, int] | None:
        return None if self._file is None else self._file.vocabulary

    @property
    def prefix_ids(self) -> list[int]:
        return self._loaded.prefix_ids

    @property
    def suffix_ids(self) -> list[int]:
        return self._loaded.suffix_ids

    @property
    def start_token_id(self) -> int | None:
        return self.prefix_ids[0] if self._file and self.prefix_ids else None

    @property
    def end_token_id(self) -> int | None:
        return self.suffix_ids[-1] if self._file and self.suffix_ids else None

    @property
    def pad_token_id(self) -> int | None:
        return (self.vocabulary or {}).get(self.roles["pad_token"])

    @property
    def mask_token_id(self) -> int | None:
        return (self.vocabulary or {}).get(self.roles["mask_token"])

    @property
    def unk_token_id(self) -> int | None:
        return self._loaded.unknown_id

    def get_vocabulary(self) -> list[str]:
        """One token per id; `[vacant7]` if the file has no token for id 7."""
        return list(map(self.id_to_token, range(self.vocabulary_size())))

    def vocabulary_size(self) -> int:
        return 1 + max(self._loaded.tokens)

    def id_to_token(self, id: int) -> str:
        return self._loaded.tokens.get(id, f"[vacant{id}]")

    def token_to_id(self, token: str) -> int | None:
        return self._loaded.vocabulary.get(token, self.unk_token_id)

    def save_assets(self, dir_path: str | os.PathLike) -> None:
        path = pathlib.Path(dir_path, ASSET)
        path.write_text(self._loaded.text, encoding="utf-8")

    def load_assets(self, dir_path: str | os.PathLike) -> None:
        path = pathlib.Path(dir_path, ASSET)
        if path.stat().st_size > MAX_TOKENIZER_BYTES:
            raise ValueError(
                f"A tokenizer.json must have at most {MAX_TOKENIZER_BYTES} "
                f"bytes. Received: {path.stat().st_size}"
            )
        with content_errors(ASSET):
            content = json.loads(path.read_text(encoding="utf-8"))
        self._file = TokenizerFile(content, self.roles)

    def save_to_preset(self, preset_dir: str | os.PathLike) -> None:
        raise ValueError(
            "A keras-hub preset can hold only keras-hub's tokenizers. Use "
            "`model.save` for an archive, or `model.export(folder)` for a "
            "sentence-transformers folder; keras_mirror loads both. Received: "
            f"{type(self).__name__}"
        )

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "roles": self.roles,
            "truncation_side": self.truncation_side,
        }

    @property
    def _loaded(self) -> TokenizerFile:
        if self._file is None:
            raise ValueError(
                f"This `{type(self).__name__}` has no vocabulary. Make it with "
                "`from_content`, or call `load_assets`"
            )
        return self._file


def _check_roles(roles: dict[str, str]) -> None:
    needed = {"pad_token", "mask_token"}
    is_dict = isinstance(roles, dict) and needed <= set(roles)
    if not is_dict or not all(isinstance(t, str) for t in roles.values()):
        raise ValueError(
            "`roles` must be a dict to strings with "
            f"{', '.join(sorted(needed))}. Received: roles={roles!r}"
        )
