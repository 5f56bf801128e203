from keras_mirror.archive.load_archive import load_archive
from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.console import status
from keras_mirror.cli.output_file import interrupted_path


def open_archive(path):
    """Loads an archive, which takes seconds, and says so.

    Args:
        path: String.

    Returns:
        A `MirrorModel`.
    """
    with status(f"Loading {path}"):
        return load_archive(path)


def save_archive(model, path, finished):
    """Saves a model; what is only half trained, beside `path`.

    Args:
        model: A `MirrorModel`.
        path: String.
        finished: Boolean, whether training came to its end.

    Returns:
        The path that was written.
    """
    path = path if finished else interrupted_path(path)
    with status("Saving"), atomic_output(path) as unfinished:
        model.save(unfinished)
    return path
