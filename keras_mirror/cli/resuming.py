"""What `train --resume` knows about the training that it goes on with."""

import contextlib
import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator

from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.cli.console import usage_errors
from keras_mirror.data import Corpus


def begun(kept: str) -> dict:
    """What a checkpoint tells about the training that was stopped."""
    with usage_errors():
        try:
            return read_facts(kept)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                "--resume goes on with a training that was stopped, and there "
                f"is none of this --output. Expected: {kept}"
            ) from error


def training_facts(model, corpus: Corpus, preset: str, seed: int) -> dict:
    """What must be the same where training goes on."""
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
