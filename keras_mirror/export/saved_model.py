import keras

from keras_mirror.archive.model_card import model_card
from keras_mirror.export.backends import check_export_backend
from keras_mirror.export.forward_model import forward_model
from keras_mirror.export.settings import export_settings
from keras_mirror.files import new_folder
from keras_mirror.files import write_json
from keras_mirror.metrics.unit_length import unit_length
from keras_mirror.preprocessing.graph_pipeline import GraphPipeline
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer

HOW_TO_LOAD = """\
The tokenizer is a part of the graph. Of Python's packages only `tensorflow`
and `tensorflow-text` are needed, which has the ops of the tokenizers; `keras`
and `keras_mirror` are not.

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


def export_saved_model(model, folder):
    """Writes a SavedModel of TensorFlow: texts in, vectors out.

    Its signatures `serving_default`, the vectors of `encode_text`, and
    `normalized`, those of length 1, take `texts`, a string tensor of shape
    `(batch,)`, and give `embeddings`, float32. TensorFlow Serving serves it,
    and `tf.saved_model.load` needs `tensorflow_text` beside it and no Keras.

    Args:
        model: A `MirrorModel`.
        folder: String or path of a new folder.

    Raises:
        FileExistsError: `folder` exists.
        ValueError: The backend is not TensorFlow.

    Example:

    ```python
    model.export("encoder/1", format="saved_model")
    ```
    """
    check_export_backend("saved_model", keras.backend.backend())
    card = model_card(model, how_to_load=HOW_TO_LOAD, library_name="tensorflow")
    with new_folder(folder) as unfinished:
        _archive(model).write_out(str(unfinished), verbose=False)
        settings = export_settings(model, normalize=False)
        write_json(unfinished / "keras_mirror.json", settings)
        (unfinished / "README.md").write_text(card, encoding="utf-8")


def _archive(model):
    import tensorflow as tf

    signature = [tf.TensorSpec((None,), "string", name="texts")]
    text = GraphPipeline(PlainTextTokenizer(model.preprocessor.tokenizer))
    # Traced once: every trace renews the resource of a SentencePiece model.
    tokenize = tf.function(text.tokenize, signature).get_concrete_function()
    forward = forward_model(model, normalize=False)

    def embed(texts):
        features = _pad_to_longest(model, text, tokenize(texts))
        return forward(features, training=False)

    def embed_normalized(texts):
        embeddings = embed(texts)["embeddings"]
        return {"embeddings": unit_length(embeddings)}

    tables = tf.Module()  # Keras tracks no layer that was not built
    tables.tokenizer = text.plain_text.cleaned_text_tokenizer
    archive = keras.export.ExportArchive()
    archive.track(tables)  # variables it finds itself; tracked, it writes two
    archive.add_endpoint("serving_default", embed, signature)
    archive.add_endpoint("normalized", embed_normalized, signature)
    return archive


def _pad_to_longest(model, text, token_ids):
    """Features as wide as the longest text, as in `encode_text`."""
    longest = model.preprocessor.sequence_length
    shortest = longest if model.recipe.pools_padding else 2
    widths = list(range(shortest, longest + 1))
    return text.pack(token_ids, text.padded_length([token_ids], widths))
