import io
import zipfile

import numpy as np
import pytest
from support.models import compiled_model

from keras_mirror.archive.checkpoint_file import read_checkpoint
from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.archive.checkpoint_file import write_checkpoint
from keras_mirror.callbacks.training_checkpoint import TrainingCheckpoint


@pytest.fixture
def path(tmp_path):
    return tmp_path / "encoder.checkpoint.npz"


def packed(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def test_a_checkpoint_comes_back(path):
    write_checkpoint(path, {"step": 7}, [np.ones((2, 3)), np.float32(2)])
    facts, [ones, two] = read_checkpoint(path)
    assert facts == {"step": 7}
    assert ones.shape == (2, 3) and two == 2


@pytest.mark.parametrize(
    "content",
    [packed(np.zeros(10**6)), packed(np.zeros(2)).replace(b"(2,)", b"(9,)")],
    ids=["compressed", "declared"],
)
def test_arrays_are_not_larger_than_their_bytes(path, content):
    write_checkpoint(path, {"step": 7}, [])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("0.npy", content)
    with pytest.raises(ValueError, match="or is damaged: '0.npy' has not"):
        read_checkpoint(path)


def test_facts_are_an_object(path):
    write_checkpoint(path, [7], [])
    with pytest.raises(ValueError, match="or is damaged: its facts are a list"):
        read_facts(path)


@pytest.mark.parametrize(
    "facts, message",
    [
        ({}, "step"),
        ({"step": "x", "run": {}}, "`step` must be an integer"),
        ({"step": 3, "run": {"steps": "x"}}, "must hold whole numbers"),
        ({"step": 3, "run": []}, "argument after"),
    ],
)
def test_facts_of_other_types(path, facts, message):
    write_checkpoint(path, facts, [])
    with pytest.raises(ValueError, match=f"{path.name}.*{message}"):
        TrainingCheckpoint(path, {}).restore(compiled_model())
