import os
import pathlib

from keras_mirror.export.forward_model import export_card
from keras_mirror.export.forward_model import export_settings
from keras_mirror.export.onnx.model import onnx_model
from keras_mirror.files import new_file
from keras_mirror.optional import import_optional

HOW_TO_LOAD = """\
The file holds the encoder: token ids in, vectors out, any number of texts of
as many tokens as the backbone takes. {in_words}
Its metadata say how ids are made: start, text, end, cut at `sequence_length`;
`padding_mask` is 1 for tokens and 0 for padding.

```python
import onnxruntime

session = onnxruntime.InferenceSession("{name}")
print(session.get_modelmeta().custom_metadata_map)
```

With the archive, and `pip install keras-mirror`:

```python
import keras
import keras_mirror

preprocessor = keras.saving.load_model("encoder.keras").preprocessor
inputs = preprocessor(["A man is playing a guitar."])
vectors = session.run(["embeddings"], inputs)[0]
```

Without Keras, for BERT, RoBERTa, XLM-R, DistilBERT and ALBERT: `tokenizer.json`
is a file of the folder that `keras-mirror export encoder.keras --output folder`
writes.

```python
import numpy as np
import tokenizers

tokenizer = tokenizers.Tokenizer.from_file("folder/tokenizer.json")
tokenizer.encode_special_tokens = True  # what is said in a text is text
tokenizer.enable_truncation({sequence_length})
tokenizer.enable_padding(pad_id={pad_token_id}{length})
rows = tokenizer.encode_batch(["A man is playing a guitar."])
inputs = {{
    "token_ids": np.array([row.ids for row in rows], "int32"),
    "padding_mask": np.array([row.attention_mask for row in rows], "int32"),
}}
vectors = session.run(["embeddings"], inputs)[0]
```
"""


def export_onnx(
    model, filepath: str | os.PathLike, normalize: bool = False
) -> None:
    """Writes an ONNX file: token ids in, vectors out.

    Inputs are `token_ids` and `padding_mask`, int32 of shape
    `(batch, length)`, both of any size; the output is `embeddings`, float32.
    The file's metadata hold the recipe and the settings as JSON, and a model
    card is written beside it. The tokenizer is not in the file: use
    `model.preprocessor`, or the `tokenizer.json` of a sentence-transformers
    export, which gives the same ids.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of a new file, `*.onnx`.
        normalize: Boolean, whether embeddings are scaled to length 1. Defaults
            to `False`: embeddings keep their length, as in `encode_text`.

    Raises:
        FileExistsError: `filepath` exists.
        ValueError: The backend cannot write ONNX, or cannot write this model.
        ImportError: The extra `[onnx]` is missing.

    Example:

    ```python
    model.export("encoder.onnx", format="onnx")
    ```
    """
    onnx = import_optional("onnx", extra="onnx")
    settings = export_settings(model, normalize)
    is_padded = settings["padding"] == "sequence_length"
    card = export_card(
        model,
        settings,
        HOW_TO_LOAD,
        library_name="onnx",
        name=pathlib.Path(filepath).name,
        length=f", length={settings['sequence_length']}" if is_padded else "",
    )
    with new_file(filepath, ".onnx", card) as unfinished:
        onnx.save(onnx_model(model, normalize), unfinished)
