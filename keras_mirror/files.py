import contextlib
import json
import os
import pathlib
import tempfile


@contextlib.contextmanager
def new_path(path, kind, beside=()):
    """A path to write to, which becomes `path` once all is written.

    Args:
        path: String or path, of nothing that exists, in a folder that does.
        kind: String, `"file"` or `"folder"`, for the error.
        beside: Paths that must not exist either.

    Yields:
        A `pathlib.Path`, of nothing yet, in the same folder.

    Raises:
        FileExistsError: `path` exists, or one of `beside`.
        FileNotFoundError: The folder around it does not.

    Example:

    >>> path = pathlib.Path(tempfile.mkdtemp(), "notes.txt")
    >>> with new_path(path, "file") as unfinished:
    ...     _ = unfinished.write_text("a man plays")
    >>> path.read_text()
    'a man plays'
    """
    path = pathlib.Path(path)
    for existing in (path, *beside):
        if existing.exists():
            raise FileExistsError(
                f"'{existing}' exists. Choose another {kind} or remove it first"
            )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"'{path}' cannot be made: there is no folder '{path.parent}'"
        )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        unfinished = pathlib.Path(scratch) / path.name
        yield unfinished
        unfinished.rename(path)


@contextlib.contextmanager
def new_folder(path):
    """A folder to write into, which becomes `path` once all is written.

    Args:
        path: String or path, of nothing that exists, in a folder that does.

    Yields:
        A `pathlib.Path`, an empty folder beside it.

    Raises:
        FileExistsError: `path` exists.
        FileNotFoundError: The folder around it does not.
    """
    with new_path(path, "folder") as unfinished:
        unfinished.mkdir()
        yield unfinished


@contextlib.contextmanager
def new_file(path, suffix, card=None):
    """A file to write, which becomes `path` once all is written.

    A model card may go beside it: `NAME.md` for the file NAME.

    Args:
        path: String or path, of nothing that exists, in a folder that does.
        suffix: String that `path` must end with.
        card: String, the text of the model card. Defaults to `None`: none.

    Yields:
        A `pathlib.Path`, of a file that does not exist yet.

    Raises:
        ValueError: `path` ends otherwise.
        FileExistsError: `path` exists, or a card beside it.
        FileNotFoundError: The folder around it does not.
    """
    path = pathlib.Path(path)
    if path.suffix != suffix:
        raise ValueError(f"`filepath` must end in {suffix}. Received: '{path}'")
    texts = {path.with_name(f"{path.name}.md"): card} if card else {}
    with new_path(path, "file", beside=texts) as unfinished:
        yield unfinished
        for card_path, text in texts.items():
            card_path.write_text(text, encoding="utf-8")


def read_json(path, default=None, kind=dict):
    """Reads a JSON file that must hold an object, or an array.

    Args:
        path: A `pathlib.Path`.
        default: What is returned where there is no such file. Defaults to
            `None`: the file must be there.
        kind: `dict` or `list`, what the file must hold. Defaults to `dict`.

    Returns:
        A dict or a list.
    """
    if default is not None and not path.is_file():
        return default
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also what is not UTF-8
        raise ValueError(
            f"{path.name} must be a JSON file, this one is damaged. "
            f"Received: path={path}, error={error}"
        ) from error
    if not isinstance(content, kind):
        name = {dict: "object", list: "array"}[kind]
        raise ValueError(
            f"{path.name} must hold a JSON {name}. "
            f"Received: path={path}, content={type(content).__name__}"
        )
    return content


def write_json(path, content):
    """Writes a JSON file for people to read too.

    Args:
        path: A `pathlib.Path`.
        content: A dict or a list.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


@contextlib.contextmanager
def atomic_output(path):
    """A path to write to, which becomes `path` once all is written.

    Whatever goes wrong before, `path` stays as it was.

    Args:
        path: String or path.

    Yields:
        A string, a path in the same folder with the same ending.

    Example:

    >>> path = os.path.join(tempfile.mkdtemp(), "vectors.npy")
    >>> with atomic_output(path) as unfinished:
    ...     np.save(unfinished, [1.0, 2.0])
    ...     print(os.path.exists(path))
    False
    >>> np.load(path).tolist()
    [1.0, 2.0]
    """
    folder, name = os.path.split(os.fspath(path))
    with tempfile.TemporaryDirectory(dir=folder or ".", prefix=".") as scratch:
        unfinished = os.path.join(scratch, name)
        yield unfinished
        os.replace(unfinished, path)
