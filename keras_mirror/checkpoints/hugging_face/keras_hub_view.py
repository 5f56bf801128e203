import contextlib
import json
import pathlib
import shutil
import tempfile

import numpy as np
import safetensors.numpy

from keras_mirror.checkpoints.hugging_face.keras_hub_weights import (
    keras_hub_weights,
)

_REWRITTEN = "rewritten.safetensors"


@contextlib.contextmanager
def keras_hub_view(folder, config):
    """A temporary folder with the same model, as keras-hub can read it.

    Tensors that suit keras-hub stay in the files where they are, which may
    be large. Others are written anew: those of `pytorch_model.bin`, of other
    types than float32 and float16, of other names, and missing ones that are
    not used, such as the pooler's of a masked language model.

    Args:
        folder: A `pathlib.Path`, the Hugging Face folder.
        config: A dict, as `read_config` returns it.

    Returns:
        A context manager that gives the path of the folder as a string, and
        deletes the folder at its end.
    """
    tensors, config = keras_hub_weights(folder, config)
    with tempfile.TemporaryDirectory() as staged:
        staged = pathlib.Path(staged)
        names = _link_files(staged, tensors)
        _write_rewritten(staged, tensors)
        weight_map = {
            name: names.get(tensor.file, _REWRITTEN)
            for name, tensor in tensors.items()
        }
        index = {"weight_map": weight_map}
        _write_json(staged / "model.safetensors.index.json", index)
        _write_json(staged / "config.json", config)
        yield str(staged)


def _link_files(staged, tensors):
    names = {}
    for file in {tensor.file for tensor in tensors.values()} - {None}:
        names[file] = f"original-{len(names)}.safetensors"
        try:
            (staged / names[file]).symlink_to(file.resolve())
        except OSError:  # Windows asks for further rights
            shutil.copyfile(file, staged / names[file])
    return names


def _write_rewritten(staged, tensors):
    arrays = {
        name: np.ascontiguousarray(tensor.read(), dtype="float32")
        for name, tensor in tensors.items()
        if tensor.file is None
    }
    if arrays:
        safetensors.numpy.save_file(arrays, staged / _REWRITTEN)


def _write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
