from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.export.keras_archive import export_archive
from keras_mirror.export.litert import export_litert
from keras_mirror.export.onnx.export import export_onnx
from keras_mirror.export.openvino import export_openvino
from keras_mirror.export.saved_model import export_saved_model
from keras_mirror.export.sentence_transformers import (
    export_sentence_transformers,
)

# Name of a format: what writes it. Their backends: `EXPORT_BACKENDS`.
EXPORTERS = {
    "sentence-transformers": export_sentence_transformers,
    "keras": export_archive,
    "onnx": export_onnx,
    "openvino": export_openvino,
    "saved_model": export_saved_model,
    "litert": export_litert,
}


def export(model, filepath, format="sentence-transformers", **options):
    """Writes a model in a format of another library: `MirrorModel.export`.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of what is written, a file or a folder.
        format: String, one of `EXPORTERS`.
        **options: Passed to the function that writes this format.

    Raises:
        ValueError: There is no such format, or the model cannot be written
            in it.
        FileExistsError: `filepath` exists.
    """
    if format not in EXPORTERS:
        raise ValueError(
            f"`format` must be one of {tuple(EXPORTERS)}. "
            f"Received: format={format!r}"
        )
    if format == "sentence-transformers" and is_quantized(model):
        raise ValueError(
            "A sentence-transformers folder has weights of floats. Received: "
            "a model quantized to int8. Export the archive from before"
        )
    EXPORTERS[format](model, filepath, **options)
