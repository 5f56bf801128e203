import json
import os
import pathlib

import numpy as np
import safetensors
import safetensors.numpy
import tokenizers

from keras_mirror.content_errors import content_errors
from keras_mirror.files import read_json
from keras_mirror.preprocessing.tokenizer_content import check_tokenizer_content
from keras_mirror.static.static_encoder import StaticEncoder

CONFIG, WEIGHTS, TOKENIZER = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
)
MODEL_TYPE = "model2vec"  # in CONFIG
EMBEDDINGS = "embeddings"
DTYPES = ("float32", "float16", "int8")


def load_static(folder: str | os.PathLike) -> StaticEncoder:
    """Loads vectors of tokens, which `model.export(format="static")` writes.

    It needs neither Keras nor a framework: NumPy and the packages
    `safetensors`, `tokenizers` and `regex` are enough (`pip install --no-deps
    keras-mirror`). Folders of model2vec load too.

    Args:
        folder: String or path.

    Returns:
        A `StaticEncoder`.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The folder holds another model, or a damaged file.

    Example:

    ```python
    from keras_mirror.static import load_static

    encoder = load_static("tickets-static")
    vectors = encoder.encode_text(["My card has not arrived."])
    ```
    """
    folder = pathlib.Path(folder)
    _check_files(folder)
    config = read_json(folder / CONFIG)
    if config.get("model_type") != MODEL_TYPE:
        raise ValueError(
            f"'{folder}' must hold vectors of tokens, with the `model_type` "
            f"{MODEL_TYPE!r} in its {CONFIG}. "
            f"Received: model_type={config.get('model_type')!r}"
        )
    tensors = _tensors(folder / WEIGHTS)
    tokenizer, unknown_id = _tokenizer(folder / TOKENIZER)
    _check_sizes(tensors, tokenizer, folder)
    return StaticEncoder(
        tensors[EMBEDDINGS],
        tokenizer,
        bool(config.get("normalize", False)),
        unknown_id,
        tensors.get("mapping"),
        tensors.get("weights"),
    )


def _check_files(folder: pathlib.Path) -> None:
    names = (CONFIG, WEIGHTS, TOKENIZER)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"'{folder}' must hold {', '.join(names)}, as `keras-mirror "
            f"export --format static` writes them. Missing: "
            f"{', '.join(missing)}"
        )


def _tensors(path: pathlib.Path) -> dict:
    with content_errors(path, "is damaged"):
        tensors = safetensors.numpy.load_file(path)
    embeddings = tensors.get(EMBEDDINGS)
    if (
        embeddings is None
        or embeddings.ndim != 2
        or embeddings.dtype not in DTYPES
    ):
        found = {name: array.shape for name, array in tensors.items()}
        raise ValueError(
            f"'{path}' must hold a matrix '{EMBEDDINGS}' of "
            f"{', '.join(DTYPES)}. Received: {str(found)[:200]}"
        )
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise ValueError(f"'{path}' must hold finite numbers in '{name}'")
    return tensors


def _tokenizer(path: pathlib.Path) -> tuple[tokenizers.Tokenizer, int | None]:
    """The tokenizer of a file, and the id of its unknown token."""
    content = read_json(path)
    with content_errors(path, "cannot be followed"):
        check_tokenizer_content(content)
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(content))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = content["model"]
    unknown = model.get("unk_token")
    unknown_id = unknown and tokenizer.token_to_id(unknown)
    return tokenizer, model.get("unk_id", unknown_id)


def _check_sizes(tensors: dict, tokenizer, folder: pathlib.Path) -> None:
    """Refuses a vocabulary with tokens that have no row or weight."""
    num_tokens = 1 + max(tokenizer.get_vocab().values(), default=-1)
    num_rows = len(tensors[EMBEDDINGS])
    mapping, weights = tensors.get("mapping"), tensors.get("weights")
    rows = np.arange(num_tokens) if mapping is None else mapping
    is_row = rows.ndim == 1 and rows.dtype.kind in "iu"
    is_row = is_row and (0 <= rows).all() and (rows < num_rows).all()
    is_whole = len(rows) >= num_tokens
    if weights is not None:
        is_whole &= weights.shape >= (num_tokens,) and weights.ndim == 1
    if not is_row or not is_whole:
        raise ValueError(
            f"'{folder}' must hold one row and one weight for each of its "
            f"{num_tokens} tokens. Received: {num_rows} rows"
        )
