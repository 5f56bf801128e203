import dataclasses
import functools
from collections.abc import Callable


class NotABenchmark(ValueError):
    """A file that looked like a benchmark and is none, and why.

    Fine in a folder, where it is passed over; an error where a user named it.

    Example:

    >>> raise NotABenchmark("test.tsv has no column `score`")
    Traceback (most recent call last):
    keras_mirror.evaluation.readers.found.NotABenchmark: test.tsv has no ...
    """


@dataclasses.dataclass(frozen=True)
class Found:
    """Files that belong together, and how to read them.

    Args:
        files: List of paths, the first one the most telling. No other reader
            gets them.
        read: Function without arguments that gives a list of `Task`. It
            raises `NotABenchmark` where the files turn out to be none.

    Example:

    >>> Found(["qrels/test.tsv"], read=list).read()
    []
    """

    files: list
    read: Callable


def each_file(is_known, read):
    """A reader of benchmarks that are one file each.

    Args:
        is_known: Function of a path, whether `read` is for it.
        read: Function of a path that gives a list of `Task`.

    Returns:
        A function from a list of paths to a list of `Found`.

    Example:

    >>> find = each_file(lambda path: path.endswith(".csv"), read=list)
    >>> [found.files for found in find(["a.csv", "b.md"])]
    [['a.csv']]
    """

    def find(files):
        return [
            Found([path], functools.partial(read, path))
            for path in files
            if is_known(path)
        ]

    return find
