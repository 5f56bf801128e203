"""What `train --resume` knows about the training that it goes on with."""

import contextlib
import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator

from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.devices import is_worker
from keras_mirror.cli.models import save_archive
from keras_mirror.data import Corpus


def begun(kept: str) -> dict:
    """The facts in the checkpoint of an interrupted training."""
    with usage_errors():
        try:
            return read_facts(kept)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                "--resume goes on with a training that was stopped, and there "
                f"is none of this --output. Expected: {kept}"
            ) from error


def training_facts(model, corpus: Corpus, preset: str, seed: int) -> dict:
    """What must be the same when training resumes."""
    from keras_mirror.archive.record import software_versions

    texts = hashlib.sha256()
    for text in itertools.chain(*corpus.sides):
        texts.update(f"{text}\n".encode(errors="surrogatepass"))
    return {
        "preset": preset,
        "seed": seed,
        "recipe": dataclasses.asdict(model.recipe),
        "corpus": texts.hexdigest(),
        "dtype policy": model.dtype_policy.name,
        "backend": software_versions()["backend"],
    }


@contextlib.contextmanager
def saving_finite_weights(model, output: str) -> Iterator[None]:
    """Saves what a training that diverged leaves, if it is finite."""
    from keras_mirror.finite import non_finite_variable
    from keras_mirror.optimizers import training_variables

    try:
        yield
    except FloatingPointError as error:
        is_lost = non_finite_variable(training_variables(model)) is not None
        if is_lost or is_worker():
            raise
        path = save_archive(model, output, overwrite=False, finished=False)
        raise FloatingPointError(f"{error} They are in '{path}'") from error


@contextlib.contextmanager
def telling_what_is_kept(kept: str) -> Iterator[None]:
    """Adds to errors of the last write that the training is not lost."""
    try:
        yield
    except (OSError, KeyboardInterrupt) as error:
        if not os.path.exists(kept):
            raise
        raise OSError(
            f"{error or 'interrupted while saving'}. The training is kept in "
            f"'{kept}': the same command with --resume goes on"
        ) from error
