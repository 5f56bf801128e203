import os
import pathlib

SUFFIXES = {".txt", ".tsv", ".csv", ".tab", ".jsonl", ".concept"}


def files_of(path):
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
    if not root.exists():
        raise FileNotFoundError(
            "A file or folder of benchmarks is expected. "
            f"Received: '{path}', which is missing"
        )
    if not root.is_dir():
        return [root]
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        files += [pathlib.Path(folder, name) for name in names]
    return sorted(
        file for file in files if is_text_file(file) and file.is_file()
    )


def is_text_file(path):
    """Whether a file's name says that it may hold a benchmark.

    Args:
        path: Path.

    Returns:
        A boolean.

    Example:

    >>> is_text_file(pathlib.Path("MEN_dataset_natural_form_full"))
    True
    """
    is_men = not path.suffix and path.name.startswith("MEN_dataset")
    is_text = path.suffix.lower() in SUFFIXES or is_men
    return is_text and not _is_hidden(path.name)


def _is_hidden(name):
    return name.startswith(".") or name == "__MACOSX"
