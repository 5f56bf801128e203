import contextlib
import importlib.util
import os
import pathlib

from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.forward.kept import keep
from keras_mirror.forward.kept import load_kept
from keras_mirror.forward.kept import place_of
from keras_mirror.forward.precision import check_precision
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_model
from keras_mirror.presets.locate import locate
from keras_mirror.presets.registry import named_presets

_CONFIG = "config.json"  # every folder of a preset has one


def load_forward(
    name: str | os.PathLike[str], precision: str = "float32"
) -> ForwardEncoder:
    """Loads an encoder for inference, without a training framework.

    The first call loads the model with Keras and writes its graph to the user's
    cache. Later calls, also in other processes, load that graph in half a
    second. A changed file is loaded with Keras again. `import keras_mirror`
    itself imports Keras; the commands of `keras-mirror` do without.

    Args:
        name: String or path of an archive, or what `MirrorModel.from_preset`
            takes: the name of a preset, a handle, a folder.
        precision: String, see `ForwardEncoder`. Defaults to `"float32"`.

    Returns:
        A `ForwardEncoder`.

    Raises:
        ValueError: The archive or the preset cannot be loaded, or has an
            unsupported layer or tokenizer.
        ImportError: OpenVINO is missing.

    Example:

    ```python
    import keras_mirror

    encoder = keras_mirror.load_forward("encoder.keras")
    vectors = encoder.encode_text(["My card has not arrived."])
    ```
    """
    check_precision(precision)
    place = kept_place(name)
    encoder = kept_encoder(place, precision)
    if encoder is None:
        encoder = ForwardEncoder.of(load_model(name), precision)
        keep_encoder(encoder, name, place)
    return encoder


def kept_place(name: str | os.PathLike[str]) -> pathlib.Path | None:
    """The place in the cache for an encoder with its current content.

    Args:
        name: See `load_forward`. A named preset is fetched.

    Returns:
        A `pathlib.Path`, or `None` if the encoder has no files on this machine,
        or there is no cache.
    """
    source: str | os.PathLike[str] = name
    prompts = None  # those of the name, where the files have none
    if not is_archive(name):
        preset = named_presets().get(os.fspath(name))
        if preset is not None:
            source = locate(preset)
            prompts = preset.prompts, preset.default_prompt_name
        if not os.path.isfile(os.path.join(source, _CONFIG)):
            return None  # not a preset: any folder, maybe large
    # If it cannot be read, loading gives the message.
    with contextlib.suppress(OSError):
        return place_of(source, prompts)
    return None


def kept_encoder(
    place: pathlib.Path | None, precision: str = "float32"
) -> ForwardEncoder | None:
    """The cached encoder in a place, or `None` if it cannot run."""
    if place is None or importlib.util.find_spec("openvino") is None:
        return None
    return load_kept(place, precision)


def keep_encoder(
    encoder: ForwardEncoder,
    name: str | os.PathLike[str],
    place: pathlib.Path | None,
) -> None:
    """Writes the graph of an encoder to the cache if possible.

    Args:
        encoder: A `ForwardEncoder`.
        name: See `load_forward`.
        place: What `kept_place` returned before `encoder` was loaded. If the
            files changed meanwhile, nothing is written, since the encoder may
            be of either content.
    """
    if place is not None and place == kept_place(name):
        # The cache only saves time: the next process makes the graph again.
        with contextlib.suppress(OSError, RuntimeError):
            keep(encoder, place)
