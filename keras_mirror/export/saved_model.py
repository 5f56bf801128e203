import os

import keras

from keras_mirror.archive.model_card import model_card
from keras_mirror.export.backends import check_export_backend
from keras_mirror.export.forward_model import export_settings
from keras_mirror.export.forward_model import forward_model
from keras_mirror.files import new_folder
from keras_mirror.files import write_json
from keras_mirror.metrics.unit_length import unit_length
from keras_mirror.preprocessing.graph_pipeline import GraphPipeline
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer

HOW_TO_LOAD = """\
The tokenizer is a part of the graph. Only the Python packages `tensorflow` and
`tensorflow-text`, which has the ops of the tokenizers, are needed; `keras` and
`keras_mirror` are not.

```python
import tensorflow as tf
import tensorflow_text  # its ops are in the graph

loaded = tf.saved_model.load("path/of/this/folder")
texts = tf.constant(["A man is playing a guitar."])
vectors = loaded.signatures["serving_default"](texts=texts)["embeddings"]
unit_vectors = loaded.signatures["normalized"](texts=texts)["embeddings"]
```

TensorFlow Serving reads it as `NAME/1`, and has the same two signatures:

```bash
curl -d '{"inputs": {"texts": ["A man is playing a guitar."]}}' \\
    http://localhost:8501/v1/models/NAME:predict
```
"""


def export_saved_model(model, filepath: str | os.PathLike) -> None:
    """Writes a SavedModel of TensorFlow: texts in, vectors out.

    It has two signatures: `serving_default` gives the embeddings of
    `encode_text`, `normalized` scales them to length 1. Both take `texts`, a
    string tensor of shape `(batch,)`, and return `embeddings`, float32.
    TensorFlow Serving serves it; `tf.saved_model.load` needs
    `tensorflow_text`, but not Keras.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of a new folder.

    Raises:
        FileExistsError: `filepath` exists.
        ValueError: The backend is not TensorFlow.

    Example:

    ```python
    model.export("encoder/1", format="saved_model")
    ```
    """
    check_export_backend("saved_model", keras.backend.backend())
    card = model_card(model, how_to_load=HOW_TO_LOAD, library_name="tensorflow")
    with new_folder(filepath, card) as unfinished:
        _archive(model).write_out(str(unfinished), verbose=False)
        settings = export_settings(model, normalize=False)
        write_json(unfinished / "keras_mirror.json", settings)


def _archive(model):
    import tensorflow as tf

    signature = [tf.TensorSpec((None,), "string", name="texts")]
    plain_text = PlainTextTokenizer(model.preprocessor.tokenizer)
    text = GraphPipeline(plain_text, can_call_python=False)
    # Traced once, since each trace would create the SentencePiece resource
    # again.
    tokenize = tf.function(text.tokenize, signature).get_concrete_function()
    forward = forward_model(model, normalize=False)

    def embed(texts):
        texts = model.preprocessor.prompts.prepend(texts)
        features = _pad_to_longest(model, text, tokenize(texts))
        return forward(features, training=False)

    def embed_normalized(texts):
        embeddings = embed(texts)["embeddings"]
        return {"embeddings": unit_length(embeddings)}

    tables = tf.Module()  # Keras does not track layers that are not built
    tables.tokenizer = plain_text.graph_tokenizer
    archive = keras.export.ExportArchive()
    archive.track(tables)  # it finds variables itself
    archive.add_endpoint("serving_default", embed, signature)
    archive.add_endpoint("normalized", embed_normalized, signature)
    return archive


def _pad_to_longest(model, text, token_ids) -> dict:
    """Pads features to the longest text, as in `encode_text`."""
    longest = model.preprocessor.sequence_length
    shortest = longest if model.recipe.pools_padding else 2
    widths = list(range(shortest, longest + 1))
    return text.pack(token_ids, text.padded_length([token_ids], widths))
