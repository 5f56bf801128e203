import json

import numpy as np
import pytest

from keras_mirror.distillation import vector_shards
from keras_mirror.distillation.held_out import held_out
from keras_mirror.distillation.vector_shards import VectorShards

TEXTS = [f"{number} men" for number in range(10)]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(vector_shards, "SHARD_SIZE", 4)


class Teacher:
    """Gives a text the vector of its row, and counts what it was asked."""

    def __init__(self, stop_after=100):
        self.rows = []
        self.stop_after = stop_after

    def __call__(self, rows, texts):
        self.rows += rows
        if len(self.rows) > self.stop_after:
            raise KeyboardInterrupt
        return np.array([[row + 1.0, 1.0] for row in rows])


def test_what_is_there_is_not_asked_for_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        VectorShards(tmp_path, "teacher").fill(TEXTS, Teacher(stop_after=8))
    shards, teacher = VectorShards(tmp_path, "teacher"), Teacher()
    shards.fill(TEXTS, teacher)
    assert teacher.rows == [8, 9]
    assert shards.sizes == [4, 4, 2]
    texts, vectors = shards.read(2)
    assert texts == TEXTS[8:]
    expected = np.array([[9, 1], [10, 1]]) / np.sqrt([[82], [101]])
    np.testing.assert_allclose(vectors, expected, atol=1e-3)


def test_empty_texts_have_rows_but_no_vectors(tmp_path):
    shards, teacher = VectorShards(tmp_path, "teacher"), Teacher()
    shards.fill(["", "a", " ", "b", ""], teacher)
    assert teacher.rows == [1, 3]
    assert (shards.num_texts, shards.num_read) == (2, 5)


@pytest.mark.parametrize(
    ("teacher", "texts", "message"),
    [
        ("another", TEXTS, "another teacher"),
        ("teacher", [*TEXTS[:5], "a cat"], "'00001' have changed"),
    ],
)
def test_other_vectors_are_not_taken(tmp_path, teacher, texts, message):
    VectorShards(tmp_path, "teacher").fill(TEXTS, Teacher())
    with pytest.raises(ValueError, match=message):
        VectorShards(tmp_path, teacher).fill(texts, Teacher())


def test_a_folder_of_something_else_stays_as_it_is(tmp_path):
    (tmp_path / "diary.txt").write_text("precious")
    with pytest.raises(ValueError, match="must be empty"):
        VectorShards(tmp_path, "teacher")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_it_removes_what_it_wrote_and_nothing_else(tmp_path):
    folder = tmp_path / "vectors"
    shards = VectorShards(folder, "teacher")
    shards.fill(TEXTS, Teacher())
    (folder / "diary.txt").write_text("precious")
    shards.remove()
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]
    (folder / "diary.txt").unlink()
    VectorShards(folder, "teacher").remove()
    assert not folder.exists()


def test_a_damaged_shard_is_named(tmp_path):
    VectorShards(tmp_path, "teacher").fill(TEXTS, Teacher())
    (tmp_path / "00001" / "texts.json").write_text("[")
    with pytest.raises(ValueError, match="00001' is damaged"):
        VectorShards(tmp_path, "teacher").fill(TEXTS, Teacher())


def test_texts_that_are_held_out_come_from_all_over(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_shards, "SHARD_SIZE", 40)
    texts = [f"{number} men" for number in range(100)]
    shards = VectorShards(tmp_path, "teacher")
    shards.fill(texts, Teacher(stop_after=1000))
    chosen, vectors = held_out(shards)
    assert chosen == [texts[row] for row in (0, 20, 40, 60, 80)]
    rows = vectors[:, 0] / vectors[:, 1] - 1
    np.testing.assert_allclose(rows, [0, 20, 40, 60, 80], rtol=0.05)
    with open(tmp_path / "00002" / "texts.json") as file:
        assert json.load(file) == texts[80:]
