import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from keras_mirror.distillation import teachers
from keras_mirror.distillation.steps import teach
from keras_mirror.distillation.teachers import open_teacher
from keras_mirror.distillation.vector_shards import VectorShards

VECTORS = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
TEXTS = [f"{number} men" for number in range(50)]


def saved(folder, kind, vectors=VECTORS):
    path = folder / f"vectors.{kind}"
    if kind == "npy":
        np.save(path, vectors)
    else:
        column = pa.array(vectors.tolist(), pa.list_(pa.float32()))
        numbers = pa.array(range(len(vectors)))
        table = pa.table({"id": numbers, "vector": column})
        pa.parquet.write_table(table, path, row_group_size=7)
    return path


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_files_give_the_rows_of_the_texts(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(teachers, "_BLOCK_SIZE", 7)
    teacher = open_teacher(saved(tmp_path, kind))
    assert teacher.dim == 3
    for rows in ([0, 2, 3], [6, 8, 30], [49]):
        given = teacher(rows, [TEXTS[row] for row in rows])
        np.testing.assert_array_equal(given, VECTORS[rows])


@pytest.mark.parametrize("kind", ["npy", "parquet"])
@pytest.mark.parametrize("number", [49, 51])
def test_every_text_has_a_vector_and_every_vector_a_text(
    tmp_path, kind, number
):
    teacher = open_teacher(saved(tmp_path, kind))
    shards = VectorShards(tmp_path / "shards", teacher.key)
    texts = [*TEXTS, "a cat"][:number]
    with pytest.raises(ValueError, match="50 vectors in vectors"):
        teach(teacher, shards, texts)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0])
def test_vectors_without_a_direction_are_refused(wrong):
    vectors = VECTORS.copy()
    vectors[4] = wrong
    teacher = open_teacher(vectors)
    with pytest.raises(ValueError, match="row 4 of"):
        teacher(list(range(50)), TEXTS)


@pytest.mark.parametrize(
    "vectors", [np.ones(3), np.ones((0, 3)), np.array([["a"]])]
)
def test_what_is_no_matrix_of_numbers_is_refused(vectors):
    with pytest.raises(ValueError, match="numbers of the shape"):
        open_teacher(vectors)


def test_a_file_that_is_none_is_named(tmp_path):
    path = tmp_path / "vectors.npy"
    path.write_text("no array")
    with pytest.raises(ValueError, match="vectors.npy"):
        open_teacher(path)
    table = pa.table({"id": [1, 2]})
    pa.parquet.write_table(table, tmp_path / "vectors.parquet")
    with pytest.raises(ValueError, match="one column of lists"):
        open_teacher(tmp_path / "vectors.parquet")


def test_a_key_tells_teachers_apart(tmp_path):
    keys = {
        open_teacher(VECTORS).key,
        open_teacher(VECTORS + 1).key,
        open_teacher(saved(tmp_path, "npy", VECTORS + 2)).key,
    }
    assert len(keys) == 3
    assert open_teacher(VECTORS.copy()).key in keys
