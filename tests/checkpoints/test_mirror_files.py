import io

import numpy as np
import pytest
from support.models import make_model

from keras_mirror.checkpoints.mirror_files import COUNTS_FILE
from keras_mirror.checkpoints.mirror_files import MEAN_FILE
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
        (COUNTS_FILE, header(10**11), "must be an array of NumPy, this"),
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
