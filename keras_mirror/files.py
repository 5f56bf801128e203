"""New files and folders that appear when complete, and JSON files."""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from keras_mirror.atomic_output import atomic_output
from keras_mirror.file_kinds import kind_of_file
from keras_mirror.machine_errors import reason


@contextlib.contextmanager
def new_folder(
    path: str | os.PathLike, card: str | None = None
) -> Iterator[pathlib.Path]:
    """Yields a folder to write into; it becomes `path` once all is written.

    Args:
        path: String or path that does not exist, in a folder that does.
        card: String, the text of a model card: its `README.md`. Defaults to
            `None`: none.

    Yields:
        A `pathlib.Path`, an empty folder.

    Raises:
        FileExistsError: `path` exists.
        FileNotFoundError: The parent folder does not exist.
    """
    _check_new("folder", pathlib.Path(path))
    with atomic_output(path, overwrite=False) as unfinished:
        unfinished.mkdir()
        yield unfinished
        if card:
            (unfinished / "README.md").write_text(card, encoding="utf-8")


@contextlib.contextmanager
def new_file(
    path: str | os.PathLike, suffix: str, card: str | None = None
) -> Iterator[pathlib.Path]:
    """A file to write, which becomes `path` once all is written.

    A model card may go beside it: `NAME.md` for the file NAME.

    Args:
        path: String or path that does not exist, in a folder that does.
        suffix: String that `path` must end with.
        card: String, the text of the model card. Defaults to `None`: none.

    Yields:
        A `pathlib.Path`, of a file that does not exist yet.

    Raises:
        ValueError: `path` ends otherwise.
        FileExistsError: `path` exists, or a card beside it.
        FileNotFoundError: The parent folder does not exist.
    """
    path = pathlib.Path(path)
    if path.suffix != suffix:
        raise ValueError(f"`filepath` must end in {suffix}. Received: '{path}'")
    cards = {f"{path.name}.md": card} if card else {}
    _check_new("file", path, *map(path.with_name, cards))
    with atomic_output(path, overwrite=False) as unfinished:
        yield unfinished
        for name, text in cards.items():
            unfinished.with_name(name).write_text(text, encoding="utf-8")


def read_json(
    path: pathlib.Path, default: dict | None = None, kind: type = dict
) -> Any:
    """Reads a JSON file that must hold an object, or an array.

    Args:
        path: A `pathlib.Path`.
        default: What is returned where there is no such file. Defaults to
            `None`: the file must be there.
        kind: `dict` or `list`, what the file must hold. Defaults to `dict`.

    Returns:
        A dict or a list.

    Raises:
        ValueError: The file is damaged, or holds something else.
    """
    if default is not None and not path.is_file():
        return default
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    # Also what is not UTF-8, and what is nested too deeply.
    except (ValueError, RecursionError) as error:
        found = kind_of_file(path) or "damaged"
        raise ValueError(
            f"{path.name} must be a JSON file, this one is {found}. "
            f"Received: path={path}, error={reason(error)}"
        ) from error
    if not isinstance(content, kind):
        name = "object" if kind is dict else "array"
        raise ValueError(
            f"{path.name} must hold a JSON {name}. "
            f"Received: path={path}, content={type(content).__name__}"
        )
    return content


def inner_path(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The path of a name that a file of a folder gives, inside of the folder.

    Args:
        folder: A `pathlib.Path`.
        name: String, a relative path.

    Returns:
        A `pathlib.Path`.

    Raises:
        ValueError: The name leads out of the folder.

    Example:

    >>> inner_path(pathlib.Path("model"), "1_Pooling").as_posix()
    'model/1_Pooling'
    """
    path = pathlib.PurePath(name)
    if path.is_absolute() or path.drive or ".." in path.parts:
        raise ValueError(
            f"A folder must only name files inside it. Received: {name!r} in "
            f"folder={folder}"
        )
    return folder / path


def write_json(path: pathlib.Path, content: dict | list) -> None:
    """Writes a JSON file for people to read too.

    Args:
        path: A `pathlib.Path`.
        content: A dict or a list.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _check_new(kind: str, *paths: pathlib.Path) -> None:
    for path in paths:
        if path.exists():
            raise FileExistsError(
                f"'{path}' exists. Choose another {kind} or remove it first"
            )
    path = paths[0]
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"'{path}' cannot be made: there is no folder '{path.parent}'"
        )
