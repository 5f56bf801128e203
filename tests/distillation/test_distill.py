"""Whole distillations of tiny models."""

import keras
import numpy as np
import pytest
from support.models import make_model
from support.texts import texts

import keras_mirror
from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.distillation import distill as distill_texts
from keras_mirror.distillation import vector_shards

TEXTS = texts(120)
FAST = {"batch_size": 19, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def teacher():
    keras.utils.set_random_seed(0)
    return make_model(pooling_mode="mean")


class StopAt(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.step:
            self.model.stop_training = True


def agreement(student, teacher, size=None):
    """Less than 0: the mean square by which cosines of texts differ."""
    cosines = [
        model.similarity(vectors, vectors)
        for model, vectors in (
            (student, student.encode_text(TEXTS)[:, :size]),
            (teacher, teacher.encode_text(TEXTS)),
        )
    ]
    return -np.mean((cosines[0] - cosines[1]) ** 2)


def assert_same(one, two, atol):
    for left, right in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, atol=atol)


def test_a_student_comes_close_to_its_teacher(teacher):
    few = distill_texts(teacher, TEXTS, num_layers=1, **FAST)
    many = distill_texts(teacher, TEXTS, num_layers=1, epochs=8, **FAST)
    assert many.reached.cosine > few.reached.cosine
    assert many.reached.cosine > 0.9
    assert many.num_texts == 120 and many.reached.num_texts == 6
    vectors = many.model.encode_text(TEXTS[:20])  # row 0 was held out
    cosines = [
        np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)
        for a, b in zip(vectors, teacher.encode_text(TEXTS[:20]), strict=True)
    ]
    assert np.mean(cosines) > 0.9


def test_the_teacher_stays_as_it_is(teacher):
    before = teacher.encode_text(TEXTS[:3])
    distill_texts(teacher, TEXTS, student=teacher, **FAST)
    np.testing.assert_array_equal(teacher.encode_text(TEXTS[:3]), before)


@pytest.mark.parametrize("kind", ["array", "npy"])
def test_vectors_teach_what_the_model_teaches(teacher, tmp_path, kind):
    lines = [*TEXTS[:5], "", *TEXTS[5:]]
    start = keras_mirror.distillation.smaller_copy(teacher, num_layers=1)
    vectors = teacher.encode_text(lines)
    if kind == "npy":
        np.save(tmp_path / "vectors.npy", vectors)
        vectors = tmp_path / "vectors.npy"
    by_model = distill_texts(teacher, lines, num_layers=1, **FAST)
    by_vectors = distill_texts(vectors, lines, student=start, **FAST)
    np.testing.assert_allclose(
        by_vectors.model.encode_text(TEXTS),
        by_model.model.encode_text(TEXTS),
        atol=1e-5,
    )


@pytest.mark.pure
@pytest.mark.parametrize(("projection", "dim"), [("kept", 8), ("dropped", 4)])
def test_a_projection_is_a_part_of_the_student_or_of_training(
    teacher, tmp_path, projection, dim
):
    few, many = (
        distill_texts(
            teacher,
            TEXTS,
            hidden_dim=4,
            projection=projection,
            epochs=epochs,
            **FAST,
        )
        for epochs in (1, 40)
    )
    student = many.model
    assert student.encode_text(TEXTS[:2]).shape == (2, dim)
    assert (many.reached.cosine is None) == (dim == 4)
    if projection == "kept":  # a dropped one takes along what it learned
        assert agreement(student, teacher) > agreement(few.model, teacher)
    assert len(few.model.encode_text(TEXTS[:1])[0]) == dim
    student.save(tmp_path / "student.keras")
    loaded = keras.saving.load_model(tmp_path / "student.keras")
    np.testing.assert_allclose(
        loaded.encode_text(TEXTS), student.encode_text(TEXTS), atol=1e-6
    )


def test_its_record_and_card_name_the_teacher(teacher):
    vectors = teacher.encode_text(TEXTS)
    student = distill_texts(vectors, TEXTS, student=teacher, **FAST).model
    assert student.record.teacher == "vectors"
    [run] = student.record.runs
    assert (run.steps, run.batch_size, run.completed_epochs) == (6, 19, 1)
    card = keras_mirror.archive.model_card.model_card(student)
    assert "the vectors of vectors" in card and "ten nearest of 6" in card


@pytest.mark.parametrize("mirrored", [False, True])
def test_it_goes_on_to_the_weights_of_an_undisturbed_one(
    teacher, tmp_path, monkeypatch, mirrored
):
    # Several shards, and pools of two of them.
    monkeypatch.setattr(vector_shards, "SHARD_SIZE", 40)
    monkeypatch.setattr(
        "keras_mirror.distillation.shard_pools.POOLED_SHARDS", 2
    )
    options = {"epochs": 3, "mirrored": mirrored, **FAST}
    # Its projection begins with random numbers.
    sizes = {"num_layers": 1, "hidden_dim": 4}
    start = {**sizes, "folder": tmp_path / "vectors"}
    whole = distill_texts(teacher, TEXTS, **sizes, **options).model
    for step, resume in ((8, False), (3, True)):
        keras.utils.set_random_seed(step)  # as in another process
        distill_texts(
            teacher,
            TEXTS,
            callbacks=[StopAt(step)],
            resume=resume,
            **start,
            **options,
        )
    checkpoint = tmp_path / "vectors" / "student.checkpoint.npz"
    assert read_facts(checkpoint)["step"] == 11
    parts = distill_texts(teacher, TEXTS, resume=True, **start, **options).model
    assert not checkpoint.exists()
    assert_same(whole, parts, atol=2e-6)
    assert parts.record.runs[-1].steps == whole.record.runs[-1].steps == 18


def test_it_does_not_go_on_with_another_training(teacher, tmp_path):
    start = {"num_layers": 1, "folder": tmp_path, **FAST}
    distill_texts(teacher, TEXTS, callbacks=[StopAt(2)], **start)
    with pytest.raises(ValueError, match="its seed was 0"):
        distill_texts(teacher, TEXTS, resume=True, seed=1, **start)


@pytest.mark.pure
def test_prefixes_are_useful_by_themselves(teacher):
    nested, plain = (
        distill_texts(
            teacher,
            TEXTS,
            num_layers=1,
            prefixes=prefixes,
            similarity_weight=10.0,
            epochs=6,
            **FAST,
        )
        for prefixes in ((2,), ())
    )
    assert list(nested.of_prefixes) == [2] and not plain.of_prefixes
    assert nested.of_prefixes[2].correlation < nested.reached.correlation
    assert "first 2 numbers alone" in nested.model.record.notes[1]
    nested, plain = nested.model, plain.model
    assert agreement(nested, teacher, 2) > 0.9 * agreement(plain, teacher, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "a model to start from"),
        ({"num_layers": 1, "student": "mirror_mini_lm_en"}, "its own sizes"),
        ({"num_layers": 1, "projection": "bent"}, "kept.*dropped"),
        ({"num_layers": 1, "prefixes": (8,)}, "prefixes"),
        ({"num_layers": 1, "epochs": 0}, "epochs"),
        ({"num_layers": 1, "learning_rate": 0.0}, "learning_rate"),
    ],
)
def test_what_cannot_be_is_refused(teacher, arguments, message):
    with pytest.raises(ValueError, match=message):
        distill_texts(teacher, TEXTS, **arguments)


def test_few_texts_are_refused(teacher):
    with pytest.raises(ValueError, match="at least 40 texts"):
        distill_texts(teacher, TEXTS[:39], num_layers=1)
