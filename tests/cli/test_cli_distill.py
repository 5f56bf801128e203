"""`keras-mirror distill`, in this process."""

import json
import signal

import keras
import numpy as np
import pytest
from support.texts import texts

from keras_mirror.cli.training_progress import TrainingProgress
from keras_mirror.distillation import vector_shards
from keras_mirror.output_locks import claimed_output


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    lines = [*texts(60), "", *texts(40, seed=1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def distill(command, archive, corpus, tmp_path):
    def run(name, *options, teacher=archive, layers=("--layers", 1)):
        return command(
            *["distill", teacher, corpus, *layers, *options],
            *["--batch-size", 19, "--epochs", 2],
            *["--output", tmp_path / f"{name}.keras"],
        )

    return run


def weights(path):
    return keras.saving.load_model(path).get_weights()


def test_it_tells_what_it_did_and_leaves_only_the_archive(distill, tmp_path):
    code, _, errors = distill("student")
    assert code == 0, errors
    assert "100, 1 empty" in errors
    assert "of the ten nearest of 5 held-out texts" in errors
    assert "next: keras-mirror compare" in errors
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"texts.txt", "student.keras"}
    student = keras.saving.load_model(tmp_path / "student.keras")
    assert student.encoder.backbone.num_layers == 1
    assert student.record.runs[0].completed_epochs == 2


def test_vectors_of_encode_teach_the_same(
    distill, command, archive, corpus, tmp_path
):
    vectors = tmp_path / "vectors.npy"
    assert command("encode", archive, corpus, "--output", vectors)[0] == 0
    for name, teacher in (("model", archive), ("vectors", vectors)):
        code, _, errors = distill(
            name, "--student", archive, teacher=teacher, layers=()
        )
        assert code == 0, errors
    assert "next: keras-mirror index" in errors
    paths = [tmp_path / f"{name}.keras" for name in ("model", "vectors")]
    for one, two in zip(*map(weights, paths), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_a_folder_keeps_the_vectors_for_another_student(
    distill, tmp_path, monkeypatch
):
    folder = tmp_path / "kept"
    code, _, errors = distill("one", "--folder", folder)
    assert code == 0 and str(folder) in errors
    with open(folder / "00000" / "texts.json") as file:
        assert len(json.load(file)) == 100

    def no_teacher(self, rows, lines):
        raise AssertionError("asked again")

    monkeypatch.setattr(
        "keras_mirror.distillation.teachers.ModelTeacher.__call__", no_teacher
    )
    code, _, errors = distill("two", "--folder", folder, "--dimensions", "2,4")
    assert code == 0, errors
    assert "first 2  " in errors and "first 4  " in errors


def test_training_that_is_stopped_goes_on(distill, tmp_path, monkeypatch):
    assert distill("whole")[0] == 0

    def stop_at(step):
        def on_train_batch_begin(self, batch, logs=None):
            if self.steps + 1 == step:
                signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(
            TrainingProgress, "on_train_batch_begin", on_train_batch_begin
        )

    stop_at(4)
    code, _, errors = distill("parts")
    assert code == 128 + signal.SIGTERM
    assert "to resume: run the same command with --resume" in errors
    stop_at(100)
    code, _, errors = distill("parts")
    assert code == 2 and "--resume, or begin anew" in errors
    code, _, errors = distill("parts", "--resume")
    assert code == 0, errors
    paths = [tmp_path / f"{name}.keras" for name in ("whole", "parts")]
    for one, two in zip(*map(weights, paths), strict=True):
        np.testing.assert_allclose(one, two, atol=2e-6)


def test_a_teacher_that_is_stopped_goes_on(distill, tmp_path, monkeypatch):
    monkeypatch.setattr(vector_shards, "SHARD_SIZE", 40)
    place = "keras_mirror.distillation.teachers.ModelTeacher.__call__"

    def stopped(self, rows, lines):
        signal.raise_signal(signal.SIGINT)
        return np.ones((len(lines), self.dim))

    with monkeypatch.context() as patch:
        patch.setattr(place, stopped)
        code, _, errors = distill("student")
    assert code == 128 + signal.SIGINT, errors
    folder = tmp_path / "student.distillation"
    assert str(folder) in errors
    shards = sorted(path.name for path in folder.glob("0*"))
    assert shards == ["00000"]
    code, _, errors = distill("student", "--resume")
    assert code == 0, errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--resume"], "there is none of this --output"),
        (["--dimensions", "8"], "prefixes"),
        (["--dimensions", "many"], "separated by commas"),
        (["--layers", 7], "from 1 to 2"),
        (["--student", "mirror_mini_lm_en"], "its own sizes"),
    ],
)
def test_misuse_exits_with_2(distill, tmp_path, options, message):
    code, _, errors = distill("student", *options)
    assert code == 2 and message in errors, errors
    assert not (tmp_path / "student.keras").exists()


def test_a_folder_is_filled_by_one_process_at_a_time(distill, tmp_path):
    with claimed_output(tmp_path / "student.distillation"):
        code, _, errors = distill("student")
    assert code == 2 and "student.distillation" in errors, errors


def test_vectors_of_other_texts_are_a_failure(distill, archive, tmp_path):
    np.save(tmp_path / "vectors.npy", np.ones((7, 3)))
    code, _, errors = distill(
        "student",
        *["--student", archive],
        teacher=tmp_path / "vectors.npy",
        layers=(),
    )
    assert code == 1 and "7 vectors in vectors.npy" in errors
