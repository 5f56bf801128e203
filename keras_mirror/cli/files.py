"""What commands read, and whether they can write their results."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.atomic_output import is_stream
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.devices import is_worker
from keras_mirror.data import read_lines
from keras_mirror.data import read_texts
from keras_mirror.data.open_binary import is_pipe
from keras_mirror.optional import import_optional
from keras_mirror.output_locks import claimed_output


def open_texts(
    *paths: str,
    column: str | None = None,
    errors: str = "strict",
    pairs: bool = False,
    encoding: str = "utf-8",
) -> Iterator:
    """`read_texts`; what is wrong before the first text exits with 2."""
    with usage_errors():
        return read_texts(
            *paths,
            column=column,
            errors=errors,
            pairs=pairs,
            encoding=encoding,
        )


def list_texts(
    path: str, column: str | None, errors: str, encoding: str
) -> list[str]:
    """All texts of a file, as a list."""
    with status(f"Reading {path}"):
        texts = open_texts(
            path, column=column, errors=errors, encoding=encoding
        )
        return list(texts)


def counted_texts(*paths: str, **options: Any) -> tuple[int, Iterator[str]]:
    """The number of texts, and `open_texts`: memory holds those of pipes."""
    texts = open_texts(*paths, **options)
    if any(map(is_pipe, paths)):
        read = list(texts)
        return len(read), iter(read)
    return sum(1 for _ in texts), open_texts(*paths, **options)


def named_texts(
    path: str,
    column: str | None,
    errors: str = "strict",
    encoding: str = "utf-8",
) -> list[str]:
    """The words that name a file of texts in the command to run next."""
    if is_pipe(path):  # what it held is gone
        return ["TEXTS"]
    words = [path]
    words += ["--column", column] if column else []
    words += ["--errors", errors] if errors != "strict" else []
    words += ["--encoding", encoding] if encoding != "utf-8" else []
    return words


def read_pairs(
    path: str, errors: str, encoding: str
) -> Iterator[tuple[str, str]]:
    """The lines of a file, two texts each with a TAB between them."""
    lines = read_lines(path, errors=errors, encoding=encoding)
    for number, line in enumerate(lines, start=1):
        texts = line.split("\t")
        if len(texts) == 1 and not line.strip():
            continue
        if len(texts) != 2:
            raise ValueError(
                f"{path}, line {number} must be two texts with a TAB between "
                f"them. Received: {line[:80]!r}"
            )
        yield texts[0], texts[1]


def check_output(
    path: str,
    overwrite: bool,
    suffix: str | None = None,
    option: str = "--output",
) -> None:
    """Finds out before the work starts whether its result can be written.

    Args:
        path: String, the value of `option`.
        overwrite: Boolean, whether an existing file may be replaced.
        suffix: String that `path` must end with, or `None`.

    Raises:
        click.UsageError: `path` exists, is a folder, ends otherwise, or
            another process writes it.
        OSError: The folder of `path` cannot be written.
    """
    if suffix and not path.endswith(suffix):
        raise click.UsageError(
            f"{option} must end in {suffix}. Received: {path}"
        )
    if os.path.isdir(path):
        raise click.UsageError(f"{option} must be a file. '{path}' is a folder")
    check_unused(path, overwrite, option)
    if not is_stream(path):
        claim_output(path)


def claim_output(path: str) -> None:
    """Finds out whether `path` can be written, and by this command alone.

    Raises:
        click.UsageError: Another process writes it.
        OSError: Its folder cannot be written.
    """
    folder = os.path.dirname(os.path.realpath(path))
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        if not is_worker():  # whose first process has claimed it
            context = click.get_current_context()
            context.with_resource(claimed_output(path))
    except BlockingIOError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise OSError(
            f"'{path}' cannot be written: {error.strerror or error}"
        ) from error


def check_space(path: str, num_bytes: int) -> None:
    """Raises an `OSError` if the disk of `path` lacks the space."""
    if is_stream(path):
        return
    folder = os.path.dirname(os.path.realpath(path))
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise OSError(
            f"'{path}' needs {num_bytes / 1e6:,.1f} MB of disk space. "
            f"Received: {free / 1e6:,.1f} MB free in '{folder}'"
        )


def check_report(html_path: str | None, overwrite: bool) -> None:
    """Finds out before the work starts whether `--html` can be written.

    Raises:
        click.UsageError: The file exists or ends otherwise.
        ImportError: The extra `[report]` is not installed.
    """
    if html_path:
        check_output(html_path, overwrite, ".html", "--html")
        for module in ("plotly", "jinja2"):
            import_optional(module, "report")


def check_unused(path: str, overwrite: bool, option: str = "--output") -> None:
    """Raises `click.UsageError` if `path` exists and may not be replaced."""
    if os.path.exists(path) and not (overwrite or is_stream(path)):
        raise click.UsageError(
            f"'{path}' exists. Choose another {option}, or add --overwrite"
        )


def interrupted_path(path: str) -> str:
    """A new name for what is half done: `"encoder.interrupted.keras"`."""
    stem, suffix = os.path.splitext(path)
    names = itertools.chain([""], map("-{}".format, itertools.count(2)))
    paths = (f"{stem}.interrupted{name}{suffix}" for name in names)
    return next(path for path in paths if not os.path.exists(path))


def checkpoint_path(path: str) -> str:
    """Where a training that is stopped goes on from.

    Example:

    >>> checkpoint_path("encoder.keras")
    'encoder.checkpoint.npz'
    """
    return f"{os.path.splitext(path)[0]}.checkpoint.npz"
