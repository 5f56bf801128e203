import contextlib
import importlib.util
import os
import pathlib

from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.forward.kept import keep
from keras_mirror.forward.kept import load_kept
from keras_mirror.forward.kept import place_of
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_model
from keras_mirror.presets.locate import local_folder
from keras_mirror.presets.registry import named_presets


def load_forward(
    name: str | os.PathLike[str], precision: str = "float32"
) -> ForwardEncoder:
    """Loads an encoder to encode with, without a training framework.

    The first time it loads the model with Keras and keeps its graph in the
    user's cache. After that neither Keras nor a framework is imported: an
    encoder is there in half a second. A file that changed is loaded anew.

    Args:
        name: String or path of an archive, or what `MirrorModel.from_preset`
            takes: the name of a preset, a handle, a folder.
        precision: String, see `ForwardEncoder`. Defaults to `"float32"`.

    Returns:
        A `ForwardEncoder`.

    Raises:
        ValueError: The archive or the preset cannot be loaded, or has a layer
            or a tokenizer that cannot be taken over.
        ImportError: OpenVINO is missing.

    Example:

    ```python
    import keras_mirror

    encoder = keras_mirror.load_forward("encoder.keras")
    vectors = encoder.encode_text(["My card has not arrived."])
    ```
    """
    encoder = kept_encoder(name, precision)
    if encoder is None:
        encoder = ForwardEncoder.of(load_model(name), precision)
        keep_encoder(encoder, name)
    return encoder


def kept_encoder(
    name: str | os.PathLike[str], precision: str = "float32"
) -> ForwardEncoder | None:
    """The encoder of `load_forward`, if its graph is kept and can be run."""
    place = _place(name)
    if place is None or importlib.util.find_spec("openvino") is None:
        return None
    return load_kept(place, precision)


def keep_encoder(encoder: ForwardEncoder, name: str | os.PathLike[str]) -> None:
    """Keeps the graph of an encoder, where the cache can be written to."""
    place = _place(name)
    if place is not None:
        # It only saves time: the next process makes it again.
        with contextlib.suppress(OSError):
            keep(encoder, place)


def _place(name: str | os.PathLike[str]) -> pathlib.Path | None:
    """Where a graph is kept: `None` for what has no files on this machine."""
    preset = named_presets().get(os.fspath(name))
    source = name if preset is None else local_folder(preset)
    if source is None or not (is_archive(source) or os.path.isdir(source)):
        return None
    return place_of(source) if os.path.exists(source) else None
