"""What readers of benchmarks have in common.

Each is a function from a list of paths to a list of `BenchmarkFiles`: those of
its own format. `READERS` in `read_benchmarks.py` lists them.
"""

import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

from keras_mirror import data
from keras_mirror.data.check_is_text import marked_encoding
from keras_mirror.data.open_binary import open_binary
from keras_mirror.evaluation.task import Task
from keras_mirror.machine_errors import check_reachable

SUFFIXES = {".txt", ".tsv", ".csv", ".tab", ".jsonl", ".concept"}


class NotABenchmark(ValueError):
    """A file looked like a benchmark but is not one.

    In a folder such a file is skipped; if a user named it, it is an error.

    Example:

    >>> raise NotABenchmark("test.tsv has no column `score`")
    Traceback (most recent call last):
    keras_mirror...NotABenchmark: test.tsv has no column `score`
    """


@dataclasses.dataclass(frozen=True)
class BenchmarkFiles:
    """Files that belong together, and how to read them.

    Args:
        files: List of paths, the most characteristic one first. No other reader
            gets them.
        read: Function without arguments that gives a list of `Task`. It raises
            `NotABenchmark` if the files turn out not to be one.

    Example:

    >>> BenchmarkFiles(["qrels/test.tsv"], read=list).read()
    []
    """

    files: list[pathlib.Path]
    read: Callable[[], Sequence[Task]]


def each_file(
    is_known: Callable[[pathlib.Path], bool],
    read: Callable[[pathlib.Path], Sequence[Task]],
) -> Callable[[list[pathlib.Path]], list[BenchmarkFiles]]:
    """Makes a reader of benchmarks that consist of one file each.

    Args:
        is_known: Function of a path, whether `read` is for it.
        read: Function of a path that gives a list of `Task`.

    Returns:
        A function from a list of paths to a list of `BenchmarkFiles`.

    Example:

    >>> find = each_file(lambda path: path.endswith(".csv"), read=list)
    >>> [found.files for found in find(["a.csv", "b.md"])]
    [['a.csv']]
    """

    def find(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
        return [
            BenchmarkFiles([path], functools.partial(read, path))
            for path in files
            if is_known(path)
        ]

    return find


def files_of(path: str | os.PathLike[str]) -> list[pathlib.Path]:
    """All files that may hold a benchmark.

    Args:
        path: Path of a file or a folder.

    Returns:
        A sorted list of paths: the file itself, or the text files below the
        folder, without hidden ones.

    Raises:
        FileNotFoundError: There is no such path.

    Example:

    >>> import tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "sts-dev.csv").touch()
    >>> (folder / "wikipedia.txt.xz").touch()
    >>> [path.name for path in files_of(folder)]
    ['sts-dev.csv']
    """
    root = pathlib.Path(path)
    check_reachable(root)
    if not root.exists():
        raise FileNotFoundError(
            "A file or folder of benchmarks is expected. "
            f"Received: '{path}', which is missing"
        )
    if not root.is_dir():
        return [root]
    files = []
    for folder, folders, names in os.walk(root, onerror=_raise):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        files += [pathlib.Path(folder, name) for name in names]
    return sorted(
        file for file in files if is_text_file(file) and file.is_file()
    )


def _raise(error: OSError) -> None:
    raise error  # `os.walk` would leave the folder out


def read_lines(
    path: str | os.PathLike[str], errors: str = "strict"
) -> Iterator[str]:
    """The lines of a file in UTF-8, or in what its first bytes say.

    Excel and Notepad write UTF-16, which the first bytes show.

    Args:
        path: Path of a file.
        errors: See `keras_mirror.data.read_lines`. Defaults to `"strict"`.

    Returns:
        An iterator of strings.

    Example:

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.tsv")
    >>> _ = path.write_text("a man\\ta woman", encoding="utf-16")
    >>> list(read_lines(path))
    ['a man\\ta woman']
    """
    with open_binary(path) as file:
        encoding = marked_encoding(file.read(16))
    return data.read_lines(path, errors=errors, encoding=encoding or "utf-8")


def is_text_file(path: pathlib.Path) -> bool:
    """Whether a file's name says that it may hold a benchmark.

    Example:

    >>> is_text_file(pathlib.Path("MEN_dataset_natural_form_full"))
    True
    """
    is_men = not path.suffix and path.name.startswith("MEN_dataset")
    is_text = path.suffix.lower() in SUFFIXES or is_men
    return is_text and not _is_hidden(path.name)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
