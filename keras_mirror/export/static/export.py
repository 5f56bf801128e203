import os
import pathlib
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

import numpy as np
import safetensors.numpy

from keras_mirror.archive.model_card import model_card
from keras_mirror.arguments import check_integer
from keras_mirror.export.static.kept import kept
from keras_mirror.export.static.static_table import StaticTable
from keras_mirror.export.static.taught_texts import TaughtTexts
from keras_mirror.files import new_folder
from keras_mirror.files import write_json
from keras_mirror.static.load_static import CONFIG
from keras_mirror.static.load_static import EMBEDDINGS
from keras_mirror.static.load_static import MODEL_TYPE
from keras_mirror.static.load_static import TOKENIZER
from keras_mirror.static.load_static import WEIGHTS
from keras_mirror.static.load_static import load_static

DIMENSIONS = 256
REPORT = "static.json"
_MODULES = "sentence_transformers.models"
HOW_TO_LOAD = """\
A text's vector is the mean of the vectors of its tokens, which are in
`model.safetensors`: {num_tokens:,} of {dimensions} numbers. Nothing is
computed but this mean, so that vectors cost microseconds and know nothing of
the order of words. {kept}

```python
from keras_mirror.static import load_static  # NumPy, without Keras

encoder = load_static("path/of/this/folder")
vectors = encoder.encode_text(["A man is playing a guitar."])
```

model2vec gives the same vectors:

```python
from model2vec import StaticModel

model = StaticModel.from_pretrained("path/of/this/folder")
vectors = model.encode(["A man is playing a guitar."])
```

What follows is about the encoder that these vectors are made from.
"""
_KEPT = """\
On {held_out:,} texts of the corpus that it was not fitted to,
{neighbors:.0%} of the ten nearest texts of a text are the encoder's, and the
cosines of texts correlate by {cosines:.2f} with the encoder's."""


def export_static(
    model,
    filepath: str | os.PathLike,
    texts: Iterable[str] | None = None,
    dimensions: int = DIMENSIONS,
    normalize: bool = True,
    int8: bool = False,
    seed: int = 0,
    on_progress: Callable[[str, int, int], object] | None = None,
) -> None:
    """Writes one vector per token, whose mean is the vector of a text.

    It is for machines too small for a transformer:
    `keras_mirror.static.load_static` needs NumPy and no Keras.
    `model2vec.StaticModel.from_pretrained` and
    `sentence_transformers.SentenceTransformer` load the folder too.

    Every token of the vocabulary is encoded alone; the vectors are reduced to
    their main directions, and rare tokens get larger weights. If texts are
    given, the vectors are then fitted so that the mean over a text's tokens
    comes close to the vector that `model` gives the text. The file
    `static.json` says what is lost, measured on held-out texts.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of a new folder.
        texts: Iterable of strings, similar to those to be encoded later. More
            are better; at most 100,000 are drawn. Defaults to `None`: token
            frequencies are guessed, and nothing is fitted or measured.
        dimensions: Integer, the size of the vectors. A model with smaller
            vectors keeps their size. Defaults to `256`.
        normalize: Boolean, whether vectors of texts have length 1. Defaults
            to `True`.
        int8: Boolean, whether numbers are stored in 8 bits instead of 16.
            Defaults to `False`.
        seed: Integer, decides which texts are drawn and in which order they
            are fitted. Defaults to `0`.
        on_progress: Function of the name of a step, the amount of work done,
            and the total. Defaults to `None`.

    Raises:
        FileExistsError: `filepath` exists.
        ValueError: There are fewer than two different texts, or the tokenizer
            cannot be written.
        FloatingPointError: The loss of the fitting is not finite.

    Example:

    ```python
    texts = keras_mirror.data.read_texts("tickets.txt")
    model.export("tickets-static", format="static", texts=texts)
    ```
    """
    dimensions = _checked(dimensions, normalize, int8, model)
    tell = on_progress or (lambda *_: None)
    table = StaticTable(model, dimensions, tell)
    report: dict[str, Any] = {
        "dimensions": dimensions,
        "tokens": len(table.token_ids),
    }
    taught = None
    if texts is not None:
        taught = TaughtTexts(model, texts, seed, tell)
        table.fit(taught, seed, tell)
    with new_folder(filepath) as folder:
        _write(table, folder, normalize, int8)
        if taught is not None:
            after = load_static(folder).encode_text(taught.held_out)
            report |= {"texts": len(taught.texts), "held_out": len(after)}
            report["kept"] = kept(taught.held_out_vectors, after)
        write_json(folder / REPORT, report)
        card = model_card(
            model, how_to_load=_how_to_load(report), library_name="model2vec"
        )
        (folder / "README.md").write_text(card, encoding="utf-8")


def _checked(dimensions: int, normalize: bool, int8: bool, model) -> int:
    dimensions = check_integer("dimensions", dimensions)
    for name, value in {"normalize": normalize, "int8": int8}.items():
        if not isinstance(value, bool):
            raise ValueError(
                f"`{name}` must be a boolean. Received: {name}={value!r}"
            )
    if int8 and not normalize:
        raise ValueError(
            "int8 vectors lose their length, so they must be normalized. "
            "Received: int8=True, normalize=False"
        )
    return min(dimensions, model.encoder.output_shape[-1])


def _tensors(table: StaticTable, int8: bool) -> dict[str, np.ndarray]:
    rows = table.rows()
    if int8:
        scale = max(float(np.abs(rows).max()), 1e-12) / 127
        rows = np.rint(rows / scale).astype("int8")
    else:
        rows = rows.astype("float16")
    tensors = {EMBEDDINGS: rows}
    if len(set(table.tokenizer.get_vocab().values())) < len(rows):
        # Without it, model2vec expects one row per token.
        tensors["mapping"] = np.arange(len(rows))
    return tensors


def _how_to_load(report: dict) -> str:
    words = "It was not fitted to texts, so what is lost was not measured."
    if report.get("kept"):
        words = _KEPT.format(held_out=report["held_out"], **report["kept"])
    elif "texts" in report:
        words = "There were too few texts to measure what is lost."
    return HOW_TO_LOAD.format(
        num_tokens=report["tokens"],
        dimensions=report["dimensions"],
        kept=words,
    )


def _write(
    table: StaticTable, folder: pathlib.Path, normalize: bool, int8: bool
) -> None:
    """Writes what model2vec and sentence-transformers read."""
    tensors = _tensors(table, int8)
    safetensors.numpy.save_file(tensors, folder / WEIGHTS)
    table.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    config = {
        "model_type": MODEL_TYPE,
        "architectures": ["StaticModel"],
        "normalize": normalize,
        "hidden_dim": table.dimensions,
        "max_length": None,
        "embedding_dtype": str(tensors[EMBEDDINGS].dtype),
    }
    write_json(folder / CONFIG, config)
    names = ["StaticEmbedding"] + ["Normalize"] * normalize
    modules = []
    for index, name in enumerate(names):
        path = f"{index}_{name}" if index else ""
        kind = f"{_MODULES}.{name}"
        modules.append(
            {"idx": index, "name": str(index), "path": path, "type": kind}
        )
        (folder / path).mkdir(exist_ok=True)
    write_json(folder / "modules.json", modules)
