import io
import json

import numpy as np
import pytest
from support.models import make_model
from support.models import projected_model
from support.texts import texts

from keras_mirror.checkpoints.mirror_files import COUNTS_FILE
from keras_mirror.checkpoints.mirror_files import MEAN_FILE
from keras_mirror.checkpoints.mirror_files import MIRROR_FILE
from keras_mirror.checkpoints.mirror_files import PROJECTION_FILE
from keras_mirror.checkpoints.mirror_files import WHITENING_FILE
from keras_mirror.checkpoints.mirror_files import read_mirror_files
from keras_mirror.checkpoints.mirror_files import write_mirror_files


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(*shape):
    """The start of a file of NumPy, without the numbers."""
    file = io.BytesIO()
    content = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (COUNTS_FILE, header(10**11), "must be a NumPy array. Received"),
        (
            COUNTS_FILE,
            saved(np.array([1.0, np.nan])),
            "must hold finite numbers",
        ),
        (COUNTS_FILE, saved(np.array(["a"])), "must hold finite numbers"),
        (
            COUNTS_FILE,
            saved(np.array([1.0, -1.0])),
            "must hold counts, none of them negative",
        ),
        (MEAN_FILE, saved(np.array([np.inf])), "must hold finite numbers"),
    ],
)
def test_arrays_that_nobody_wrote_are_refused(
    name, content, expected, tmp_path
):
    write_mirror_files(make_model(), tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}' {expected}"):
        read_mirror_files(tmp_path)


def test_arrays_are_read_whole(tmp_path):
    write_mirror_files(make_model(), tmp_path)
    (tmp_path / MEAN_FILE).write_bytes(saved(np.array([-1.0, 2.0])))
    mean = read_mirror_files(tmp_path)["mean"]
    assert type(mean) is np.ndarray and mean.tolist() == [-1.0, 2.0]


def test_a_projection_is_a_matrix(tmp_path):
    write_mirror_files(make_model(), tmp_path)
    (tmp_path / PROJECTION_FILE).write_bytes(saved(np.array([-1.0, 2.0])))
    with pytest.raises(ValueError, match=r"must be a matrix. .* shape=\(2,\)"):
        read_mirror_files(tmp_path)


@pytest.mark.parametrize(
    "name", [COUNTS_FILE, MEAN_FILE, PROJECTION_FILE, WHITENING_FILE]
)
def test_an_array_that_is_gone_is_missed(name, tmp_path):
    model = make_model("Bert", frequency_smoothing=1e-3)
    model = model.whitened(texts(40)) if name == WHITENING_FILE else model
    model = model.centered(texts(20)) if name == MEAN_FILE else model
    model = projected_model(5) if name == PROJECTION_FILE else model
    write_mirror_files(model, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=f"is not complete: .*'{name}'"):
        read_mirror_files(tmp_path)


def test_an_empty_object_is_damaged(tmp_path):
    (tmp_path / MIRROR_FILE).write_text("{}")
    with pytest.raises(ValueError, match="must hold"):
        read_mirror_files(tmp_path)


def test_folders_of_old_name_no_arrays(tmp_path):
    write_mirror_files(make_model(), tmp_path)
    path = tmp_path / MIRROR_FILE
    content = json.loads(path.read_text())
    del content["arrays"]
    path.write_text(json.dumps(content))
    assert read_mirror_files(tmp_path)["mean"] is None
