"""Encoders opened to encode with: a kept graph, or the model through Keras."""

import contextlib
import importlib.util
import os
import pathlib
from typing import Any

import click

from keras_mirror import startup
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras

# Of a GPU, whose frameworks encode many texts faster than a processor does.
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd")


def open_encoder(
    name: str, backend: str | None, debug: bool, many: bool = False
):
    """Opens an encoder; without Keras, where its graph was kept before.

    The first time Keras loads the model, and its graph is kept for the next
    time. A model that OpenVINO cannot run here is run by Keras, as every model
    is with `--backend`, and of many texts where there is a GPU.

    Args:
        name: String, what `model_argument` takes.
        backend: String or `None`, the value of `--backend`.
        debug: Boolean, see `start_keras`.
        many: Boolean, whether there may be many texts. Defaults to `False`.

    Returns:
        A `ForwardEncoder`, or a `MirrorModel`.

    Raises:
        click.UsageError: There is no preset of this name, or no backend of
            the name in `KERAS_BACKEND`.
        ValueError: An archive or a folder cannot be loaded.
    """
    with usage_errors():
        startup.named_backend()  # also where nothing asks for one
    is_forward = backend is None and not (many and _has_gpu())
    is_forward &= importlib.util.find_spec("openvino") is not None
    if not is_forward:
        start_keras(backend, debug)
        return open_model(name)
    from keras_mirror.forward import load_forward

    place = load_forward.kept_place(name)  # may show a download's progress
    with status(f"Loading {name}"):
        encoder = load_forward.kept_encoder(place)
    if encoder is not None:
        return encoder
    start_keras(backend, debug)
    return _forward(open_model(name), name, place)


def in_precision(
    encoder, precision: str, sample: list[str], num_texts: int
) -> tuple[Any, dict[str, Fact]]:
    """An encoder in the arithmetic of `--precision`.

    Args:
        encoder: What `open_encoder` returned.
        precision: String, the value of the option.
        sample: List of strings, a few of the texts to encode.
        num_texts: Integer, how many these are.

    Returns:
        A tuple of the encoder and a row of the command's summary, which says
        so where the arithmetic is not float32.

    Raises:
        click.UsageError: Keras runs the encoder, which has its own dtypes.
    """
    from keras_mirror.forward.fitting_precision import in_fitting_precision
    from keras_mirror.forward.fitting_precision import largest_difference
    from keras_mirror.forward.forward_encoder import ForwardEncoder

    if not isinstance(encoder, ForwardEncoder):
        if precision != "auto":
            raise click.UsageError(
                "--precision is for encoders that OpenVINO runs, without "
                f"--backend. Received: --precision {precision}, and one that "
                "Keras runs"
            )
        return encoder, {}
    if precision == "auto":
        other, difference = in_fitting_precision(encoder, sample, num_texts)
    else:
        other = encoder.in_precision(precision)
        difference = 0.0
        if other is not encoder:
            difference = largest_difference(encoder, other, sample)
    if other is encoder:
        return other, {}
    return other, {
        "precision": Fact(
            other.precision,
            f"{other.precision}; numbers of unit vectors differ from float32 "
            f"by {difference:.4f} at most",
        ),
        "precision difference": Fact(float(difference)),
    }


def _forward(model, name: str, place: pathlib.Path | None):
    """What computes as the model does, and starts faster the next time."""
    from keras_mirror.forward.forward_encoder import ForwardEncoder
    from keras_mirror.forward.load_forward import keep_encoder

    # Of a model with other layers or another tokenizer there is no graph, and
    # OpenVINO does not run on every processor.
    with contextlib.suppress(ValueError, RuntimeError):
        encoder = ForwardEncoder.of(model)
        keep_encoder(encoder, name, place)
        return encoder
    return model


def _has_gpu() -> bool:
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not is_hidden and any(map(os.path.exists, _GPU_DEVICES))
