import os
import pathlib

import keras

from keras_mirror.export.backends import check_export_backend
from keras_mirror.export.forward_model import export_card
from keras_mirror.export.forward_model import export_settings
from keras_mirror.export.forward_model import forward_model
from keras_mirror.files import new_file
from keras_mirror.machine_errors import reason

HOW_TO_LOAD = """\
The file holds the encoder: token ids in, vectors out, any number of texts of
as many tokens as the backbone takes. {in_words}

```python
import keras
import keras_mirror
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("{name}")
encoder = interpreter.get_signature_runner("serving_default")
preprocessor = keras.saving.load_model("encoder.keras").preprocessor
inputs = preprocessor(["A man is playing a guitar."])
vectors = encoder(**inputs)["embeddings"]
```
"""


def export_litert(
    model, filepath: str | os.PathLike, normalize: bool = False
) -> None:
    """Writes a file for LiteRT, on phones for example: ids in, vectors out.

    Inputs, output and the default of `normalize` are those of `export_onnx`.
    The file needs only ops that every LiteRT runtime has.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of a new file, `*.tflite`.
        normalize: Boolean, whether vectors get length 1. Defaults to `False`.

    Raises:
        FileExistsError: `filepath` exists.
        ValueError: The backend is not TensorFlow, or LiteRT lacks ops of
            this model (DeBERTa-v3).

    Example:

    ```python
    model.export("encoder.tflite", format="litert")
    ```
    """
    check_export_backend("litert", keras.backend.backend())
    card = export_card(
        model,
        export_settings(model, normalize),
        HOW_TO_LOAD,
        library_name="tflite",
        name=pathlib.Path(filepath).name,
    )
    with new_file(filepath, ".tflite", card) as unfinished:
        _write(forward_model(model, normalize), unfinished)


def _write(forward, path: pathlib.Path) -> None:
    import tensorflow as tf

    builtin_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        forward.export(
            path,
            format="litert",
            verbose=False,
            target_spec={"supported_ops": builtin_ops},
        )
    except (OSError, MemoryError):  # not the model's fault
        raise
    except Exception as error:
        raise ValueError(
            f"LiteRT cannot hold this model: {reason(error)}. Try format='onnx'"
        ) from error
