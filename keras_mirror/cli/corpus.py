"""A corpus as commands take it: texts to encode, or an index of them."""

import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import status
from keras_mirror.cli.encoders import open_encoder
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.options import text_options
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.store.index_folder import is_index

# What says how texts are read and encoded, which an index has behind it.
_OF_TEXTS = ("batch_size", "prompt", "column", "errors", "encoding")


def corpus_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `MODEL TEXTS` or `INDEX`, and the options of reading texts.

    The command gets `encoder`, a string, `texts`, a string or `None`, and the
    options of `open_corpus`.
    """
    for decorator in (
        backend_options,
        text_options,
        prompt_option,
        batch_size_option,
        click.argument("texts", required=False, type=click.Path()),
        click.argument(
            "encoder",
            metavar="MODEL|INDEX",
            shell_complete=complete_models,
            callback=check_model_name,
        ),
    ):
        command = decorator(command)
    return command


@contextlib.contextmanager
def open_corpus(
    encoder: str,
    texts: str | None,
    then: str,
    *,
    batch_size: int | None,
    prompt: str | None,
    column: str | None,
    errors: str,
    encoding: str,
    backend: str | None,
    debug: bool,
) -> Iterator[EncodedTexts]:
    """Yields the texts of a file or of an index, and shows what happens.

    Args:
        encoder: String, an encoder or an index.
        texts: String, a file, or `None` with an index.
        then: String, what happens when all are encoded.
        **options: Those of `corpus_arguments`.

    Raises:
        click.UsageError: There is no file of texts for an encoder, or one
            beside an index, or an option of texts beside an index.
    """
    if is_index(encoder):
        _check_index(encoder, texts)
        with status(f"Loading {encoder}"):
            encoded = EncodedTexts.of_index(encoder)
        with status(then):
            yield encoded
        return
    if texts is None:
        raise click.UsageError(
            f"'{encoder}' is no index: give MODEL and TEXTS, or an INDEX"
        )
    lines = list_texts(texts, column, errors, encoding)
    model = open_encoder(encoder, backend, debug, many=True)
    with encoding_bar(lines, then) as on_progress:
        yield EncodedTexts.of(model, lines, batch_size, on_progress, prompt)


def named_corpus(
    encoder: str,
    texts: str | None,
    *,
    column: str | None,
    errors: str,
    encoding: str,
    **_: Any,
) -> list[str]:
    """The words that name a corpus in the command to run next."""
    if texts is None:
        return [encoder]
    return [encoder, *named_texts(texts, column, errors, encoding)]


def _check_index(path: str, texts: str | None) -> None:
    if texts is not None:
        raise click.UsageError(
            f"'{path}' is an index, which has its texts. Received: '{texts}' "
            "beside it"
        )
    context = click.get_current_context()
    for name in _OF_TEXTS:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for TEXTS, not for an index"
            )
