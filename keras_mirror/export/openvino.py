import json
import os

import keras

from keras_mirror.export.backends import check_export_backend
from keras_mirror.export.forward_model import export_card
from keras_mirror.export.forward_model import export_settings
from keras_mirror.export.onnx.model import onnx_model
from keras_mirror.files import new_folder
from keras_mirror.optional import import_optional

HOW_TO_LOAD = """\
`model.xml` with `model.bin` is the encoder: token ids in, vectors out, any
number of texts of as many tokens as the backbone takes. {in_words}
Some processors compute in bfloat16 unless told otherwise.

```python
import keras
import keras_mirror
import openvino

encoder = openvino.compile_model(
    "path/of/this/folder/model.xml",
    config={{"INFERENCE_PRECISION_HINT": "f32"}},
)
preprocessor = keras.saving.load_model("encoder.keras").preprocessor
inputs = preprocessor(["A man is playing a guitar."])
vectors = encoder(inputs)["embeddings"]
```

The settings for making ids are in `model.xml` too, as JSON:
`openvino.Core().read_model("model.xml").get_rt_info("keras_mirror")`.
"""


def export_openvino(
    model, filepath: str | os.PathLike, normalize: bool = False
) -> None:
    """Writes OpenVINO's `model.xml` and `model.bin`: ids in, vectors out.

    Inputs, output and the default of `normalize` are those of `export_onnx`,
    whose file OpenVINO converts. The exporter of Keras 3.15 cannot convert
    models of the recipe `"sentence"` on PyTorch, and adds outputs to
    DeBERTa-v3.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of a new folder.
        normalize: Boolean, whether vectors get length 1. Defaults to `False`.

    Raises:
        FileExistsError: `filepath` exists.
        ValueError: The backend cannot convert this model.
        ImportError: The extra `[openvino]` is missing.

    Example:

    ```python
    model.export("encoder-openvino", format="openvino")
    ```
    """
    check_export_backend("openvino", keras.backend.backend())
    openvino = import_optional("openvino", extra="openvino")
    onnx = import_optional("onnx", extra="openvino")
    settings = export_settings(model, normalize)
    card = export_card(model, settings, HOW_TO_LOAD, library_name="openvino")
    with new_folder(filepath, card) as unfinished:
        path = unfinished / "model.onnx"
        onnx.save(onnx_model(model, normalize), path)
        converted = openvino.convert_model(path)
        path.unlink()
        for name, value in settings.items():
            converted.set_rt_info(json.dumps(value), ["keras_mirror", name])
        openvino.save_model(
            converted, unfinished / "model.xml", compress_to_fp16=False
        )
