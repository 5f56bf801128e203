import dataclasses
import functools
import os
import re
import socket
from collections.abc import Callable
from typing import Any

import click

from keras_mirror.cli.console import echo
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.encoders import open_encoder
from keras_mirror.cli.options import ExistingFile
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.stop_signals import StopSignals
from keras_mirror.integrations.load_model import ARCHIVE_SUFFIX
from keras_mirror.optional import import_optional
from keras_mirror.serving.limits import Limits

TOKEN = "KERAS_MIRROR_TOKEN"


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds an option for every field of `Limits`: `limits`, a `Limits`."""
    fields = dataclasses.fields(Limits)

    @functools.wraps(command)
    def with_limits(**arguments: Any) -> Any:
        given = {field.name: arguments.pop(field.name) for field in fields}
        with usage_errors():
            limits = Limits(**given)
        return command(limits=limits, **arguments)

    for field in reversed(fields):
        with_limits = click.option(
            "--" + field.name.replace("_", "-"),
            type=click.IntRange(1),
            default=field.default,
            show_default=True,
            help=field.metadata["help"],
        )(with_limits)
    return with_limits


@click.command()
@model_argument
@click.option(
    "--index",
    type=ExistingFile(or_folder=True),
    help="Index of MODEL to search in, made by `keras-mirror index`.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. If others can reach it, it needs a token.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 for any that is free.",
)
@click.option(
    "--token",
    envvar=TOKEN,
    help=f"What clients must send as API key. Default: the variable {TOKEN}, "
    "which other users of the machine cannot see.",
)
@limit_options
@backend_options
def serve(
    encoder: str,
    index: str | None,
    host: str,
    port: int,
    token: str | None,
    limits: Limits,
    backend: str | None,
    debug: bool,
) -> None:
    """Serves MODEL over HTTP, as OpenAI serves embeddings.

    MODEL is an archive, the name of a preset, or a folder of one. Clients post
    to /v1/embeddings and, with --index, to /search. The first Ctrl-C or
    SIGTERM answers what was asked and ends; the second one ends at once.
    """
    for module in ("starlette", "uvicorn", "prometheus_client"):
        import_optional(module, "serve")
    from keras_mirror.serving.guard import is_loopback
    from keras_mirror.serving.server import listening_socket

    local = is_loopback(host)
    _check_token(token, host, local)
    with listening_socket(host, port) as listening:
        model = open_encoder(encoder, backend, debug, many=True)
        searched = _open_index(index, model)
        from keras_mirror.serving.app import create_app

        name = _name_of(encoder)
        app = create_app(model, searched, name, token, local, limits)
        with status("Warming up"):
            model.encode_text(["The first one compiles."])
        _run(
            app, listening, limits, debug, lambda: _tell(listening, name, token)
        )


def _check_token(token: str | None, host: str, local: bool) -> None:
    if token is None:
        if not local:
            raise click.UsageError(
                f"--host {host} is open to other machines: give --token, or "
                f"set {TOKEN}"
            )
    elif not re.fullmatch("[!-~]+", token):
        raise click.UsageError(
            "--token must be of visible ASCII characters, such as what "
            "`openssl rand -hex 32` prints"
        )


def _open_index(path: str | None, model):
    if path is None:
        return None
    from keras_mirror.search import Index

    with status(f"Loading {path}"):
        return Index.load(path, model)


def _name_of(encoder: str) -> str:
    name = (
        encoder
        if "://" in encoder
        else os.path.basename(os.path.abspath(encoder))
    )
    return name.removesuffix(ARCHIVE_SUFFIX)


def _run(
    app, listening: socket.socket, limits: Limits, log: bool, on_ready
) -> None:
    from keras_mirror.serving.server import Server

    server = Server(app, limits, on_ready, log)
    with StopSignals(server.stop):
        server.run([listening])


def _tell(listening: socket.socket, name: str, token: str | None) -> None:
    """Where the server is, and a command that asks it."""
    host, port, *_ = listening.getsockname()
    host = f"[{host}]" if ":" in host else host
    url = f"http://{host}:{port}"
    bearer = f'-H "Authorization: Bearer ${TOKEN}" ' if token else ""
    echo(f"serving {name} at {url}, until Ctrl-C", err=True)
    echo(
        f"try: curl {url}/v1/embeddings -H 'Content-Type: application/json' "
        f"""{bearer}-d '{{"input": "a text"}}'""",
        err=True,
    )
