"""Keras started, and models loaded and saved, as all commands do it."""

import contextlib
import dataclasses
import os
import tempfile
from types import ModuleType
from typing import Any

import click
from click.core import ParameterSource

from keras_mirror import startup
from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.files import interrupted_path
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.integrations.load_model import load_model as load_any_model
from keras_mirror.presets.locate import locate
from keras_mirror.presets.registry import named_presets
from keras_mirror.recipes import RAW_POOLING


def start_keras(backend: str | None, debug: bool) -> ModuleType:
    """Imports Keras and registers this package's classes, with a spinner."""
    with usage_errors():
        backend = startup.choose_backend(backend, debug)
    with status("Starting Keras"), startup.uncollected():
        keras = startup.import_keras(backend)
        import keras_mirror.mirror_model  # noqa: F401  registers the classes
    return keras


def is_model(argument: str) -> bool:
    """Whether an argument names an archive or a preset, not other data.

    Example:

    >>> is_model("encoder.keras"), is_model("all_minilm_l6_v2_en")
    (True, True)
    >>> is_model("data")
    False
    """
    if os.path.isdir(argument):
        return os.path.isfile(os.path.join(argument, "config.json"))
    if argument.endswith(".keras") or "://" in argument:
        return True
    return argument in named_presets() or _is_keras_hub_name(argument)


def is_language_model(name: str) -> bool:
    """Whether a name is that of a preset which is no encoder yet.

    Example:

    >>> is_language_model("mirror_mini_lm_en")
    True
    >>> is_language_model("all_minilm_l6_v2_en")
    False
    """
    if is_archive(name):
        return False
    from keras_mirror.presets.load_preset import is_encoder

    return not is_encoder(name)


def load_model(name: str, pooling_mode: str | None = None):
    """Loads an archive, an encoder as it is, or a raw language model.

    Args:
        name: String, see `is_model`.
        pooling_mode: String, or `None` for the model's own.

    Raises:
        ValueError: The archive or the preset cannot be loaded, or the archive
            has no pooling to replace.
    """
    if not is_archive(name):
        overrides = RAW_POOLING if is_language_model(name) else {}
        if pooling_mode:
            overrides = {**overrides, "pooling_mode": pooling_mode}
        return load_any_model(name, **overrides)
    model = load_archive(name)
    if not pooling_mode or pooling_mode == model.recipe.pooling_mode:
        return model
    return _repooled(model, pooling_mode)


def open_model(name: str, **overrides):
    """Loads the `MirrorModel` of an archive or of a preset, with a spinner.

    Args:
        name: String, what `model_argument` takes.
        **overrides: For a preset, see `MirrorModel.from_preset`.

    Raises:
        click.UsageError: There is no preset of this name.
        ValueError: An archive or a folder cannot be loaded.
    """
    fetch_if_named(name)
    # A file that cannot be loaded is a failure, an unknown name wrong use.
    is_path = is_archive(name) or os.path.isdir(name)
    guard = contextlib.nullcontext() if is_path else usage_errors()
    with status(f"Loading {name}"), guard:
        return load_any_model(name, **overrides)


def open_trained(
    path: str, recipe: str, dtype_policy: str | None, fields: dict[str, Any]
):
    """Loads an archive for a new training, which begins with its weights.

    Args:
        path: String.
        recipe: String, the value of `--recipe`. Where that was not given, the
            archive's recipe is taken.
        dtype_policy: String or `None`, the value of `--dtype-policy`.
        fields: Dict of fields of `Recipe` with new values.

    Returns:
        A `MirrorModel`, not compiled.

    Raises:
        click.UsageError: An option asks for layers that the archive has not.
        ValueError: The archive cannot be loaded, or is centered or whitened.
    """
    if dtype_policy:
        raise click.UsageError(
            "--dtype-policy is not for an archive, which has its own. "
            f"Received: --dtype-policy {dtype_policy} --preset {path}"
        )
    context = click.get_current_context()
    given = (
        context.get_parameter_source("recipe") is not ParameterSource.DEFAULT
    )
    model = open_model(path)
    from keras_mirror.adaptation.start import recipe_as_built
    from keras_mirror.encoder.replaced_end import with_encoder

    ends = [
        name
        for name in ("centered", "whitened")
        if getattr(model.encoder, name, False)
    ]
    if ends:
        raise ValueError(
            f"'{path}' is {ends[-1]}: training on would move the vectors away "
            "from what was measured. Train the archive from before that"
        )
    with usage_errors():
        own = model.recipe
        chosen = recipe_as_built(own, recipe if given else own, **fields)
    return with_encoder(model, model.encoder, chosen)


def fetch_if_named(name: str) -> None:
    """Fetches a named preset before a spinner hides its progress bar."""
    preset = named_presets().get(name)
    if preset is not None:
        locate(preset)


def save_archive(
    model,
    path: str,
    overwrite: bool,
    finished: bool = True,
    keep_optimizer: bool = False,
) -> str:
    """Saves a model; what is only half trained, beside `path`.

    An archive that is finished has no optimizer, which is two thirds of one
    and needed only to go on with the training.

    Returns the path that was written.

    Raises:
        OSError: It cannot be written. Then the archive is in the folder of
            temporary files, and the message says where.
    """
    path = path if finished else interrupted_path(path)
    keep_optimizer = keep_optimizer or not finished
    with status("Saving"):
        try:
            _write_archive(model, path, overwrite and finished, keep_optimizer)
        except FileExistsError:  # the archive is beside `path`
            raise
        except OSError as error:
            name = os.path.basename(path)
            kept = os.path.join(tempfile.mkdtemp(prefix="keras-mirror-"), name)
            _write_archive(model, kept, overwrite, keep_optimizer)
            raise OSError(
                f"'{path}' cannot be written: {error.strerror or error}. The "
                f"archive is '{kept}'"
            ) from error
    return path


def weight_bytes(model) -> int:
    """The bytes that the weights of a model take in an archive."""
    return 4 * model.encoder.count_params()


def _write_archive(
    model, path: str, overwrite: bool, keep_optimizer: bool
) -> None:
    with atomic_output(path, overwrite=overwrite) as unfinished:
        if keep_optimizer:
            model.save(unfinished)
        else:
            model.export(unfinished, format="keras")


def _repooled(model, pooling_mode: str):
    from keras_mirror.encoder.sentence_encoder import SentenceEncoder
    from keras_mirror.mirror_model import MirrorModel

    old = model.encoder
    if not isinstance(old, SentenceEncoder):
        raise ValueError(
            "--pooling needs an archive with a SentenceEncoder. "
            f"Received: a {type(old).__name__}"
        )
    if old.centered or old.whitened or old.projection_dim:
        raise ValueError(
            "--pooling cannot replace that of a centered, whitened or reduced "
            "archive: what was measured is of vectors pooled by "
            f"{old.pooling_mode!r}. Received: --pooling {pooling_mode}"
        )
    encoder = SentenceEncoder(
        old.backbone,
        pooling_mode,
        activation=old.activation,
        layer_norm_epsilon=old.layer_norm_epsilon,
        pooled_layers=old.pooled_layers,
    )
    # Tokens of a mean are weighed as they were counted in training.
    recipe = dataclasses.replace(
        model.recipe, pooling_mode=pooling_mode, frequency_smoothing=None
    )
    return MirrorModel(encoder, model.preprocessor, recipe)


def _is_keras_hub_name(argument: str) -> bool:
    """Names are looked up only where nothing else has this name."""
    if os.path.exists(argument) or not argument.isidentifier():
        return False
    import keras_hub

    return argument in keras_hub.models.Backbone.presets
