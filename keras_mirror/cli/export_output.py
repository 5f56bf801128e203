import os
import tempfile

import click

from keras_mirror.cli.output_file import check_output

# Formats of one file, and how its name must end.
SUFFIXES = {"keras": ".keras", "onnx": ".onnx", "litert": ".tflite"}
# Formats of a folder, and a file that tells that it is one: only such a folder
# is replaced.
MARKERS = {
    "sentence-transformers": "modules.json",
    "openvino": "model.xml",
    "saved_model": "saved_model.pb",
}


def check_export_output(path, format, overwrite):
    """Finds out before the work starts whether an export can be written.

    Args:
        path: String.
        format: String, a key of `SUFFIXES` or of `MARKERS`.
        overwrite: Boolean, whether an earlier export may be replaced.

    Raises:
        click.UsageError: `path` exists, or ends otherwise, or is a folder of
            something else.
    """
    if format in SUFFIXES:
        check_output(path, overwrite, SUFFIXES[format])
        check_output(f"{path}.md", overwrite)
        return
    marker = os.path.join(path, MARKERS[format])
    if os.path.exists(path) and overwrite and not os.path.isfile(marker):
        raise click.UsageError(
            f"'{path}' exists and is no earlier export: it has no "
            f"{MARKERS[format]}. Choose another --output"
        )
    if os.path.exists(path) and not overwrite:
        raise click.UsageError(
            f"'{path}' exists. Choose another --output, or add --overwrite"
        )
    check_output(f"{path}.new", overwrite=True)


def write_export(model, path, format, options):
    """Exports beside `path`, then moves it there, whatever was there.

    Args:
        model: A `MirrorModel`.
        path: String.
        format: String, see `MirrorModel.export`.
        options: Dict of options of the format.
    """
    folder, name = os.path.split(path)
    folder = folder or "."
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        new = os.path.join(scratch, "new")
        os.mkdir(new)
        model.export(os.path.join(new, name), format, **options)
        for made in os.listdir(new):
            target = os.path.join(folder, made)
            if os.path.isdir(target):
                os.rename(target, os.path.join(scratch, "old"))
            os.replace(os.path.join(new, made), target)


def size_of(path):
    """The bytes of a file, or of all files of a folder.

    Args:
        path: String.

    Returns:
        An integer.
    """
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(path)
        for name in names
    )
