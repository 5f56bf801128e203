import os
from collections.abc import Callable

from keras_mirror.export.keras_archive import export_keras
from keras_mirror.export.litert import export_litert
from keras_mirror.export.onnx.export import export_onnx
from keras_mirror.export.openvino import export_openvino
from keras_mirror.export.saved_model import export_saved_model
from keras_mirror.export.sentence_transformers import (
    export_sentence_transformers,
)
from keras_mirror.export.static.export import export_static
from keras_mirror.finite import check_finite_variables

# The functions that write formats; for their backends see `EXPORT_BACKENDS`.
EXPORTERS: dict[str, Callable[..., None]] = {
    "sentence-transformers": export_sentence_transformers,
    "keras": export_keras,
    "onnx": export_onnx,
    "openvino": export_openvino,
    "saved_model": export_saved_model,
    "litert": export_litert,
    "static": export_static,
}


def export(
    model,
    filepath: str | os.PathLike,
    format: str = "sentence-transformers",
    **options,
) -> None:
    """Writes a model in another format: see `MirrorModel.export`.

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
    check_finite_variables(model.variables)
    EXPORTERS[format](model, filepath, **options)
