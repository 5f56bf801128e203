"""The loss against the same in NumPy."""

import numpy as np
import pytest

from keras_mirror.losses import distillation_loss


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cosines(rows):
    return unit(rows) @ unit(rows).T


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    return [generator.normal(size=(5, size)) for size in (6, 4, 4)]


def test_it_is_cosines_to_the_teacher_and_differences_within_the_batch(rows):
    student, teacher, projected = rows
    apart = np.mean(1 - np.sum(unit(projected) * unit(teacher), axis=1))
    differences = np.mean((cosines(student) - cosines(teacher)) ** 2)
    loss = distillation_loss(student, teacher, projected, similarity_weight=3)
    assert float(loss) == pytest.approx(apart + 3 * differences, abs=1e-5)


def test_prefixes_have_the_cosines_of_the_teacher_too(rows):
    student, teacher, projected = rows
    squares = [
        np.mean((cosines(student[:, :size]) - cosines(teacher)) ** 2)
        for size in (6, 2, 3)
    ]
    plain, nested = (
        distillation_loss(student, teacher, projected, prefixes, 1.0)
        for prefixes in ((), (2, 3))
    )
    expected = np.mean(squares) - squares[0]
    assert float(nested - plain) == pytest.approx(expected, abs=1e-5)


def test_neither_norm_nor_float16_of_the_teacher_matters(rows):
    student, teacher, _ = rows
    student = student[:, :4]
    loss = distillation_loss(student, teacher)
    other = distillation_loss(7 * student, (3 * teacher).astype("float16"))
    assert float(other) == pytest.approx(float(loss), abs=1e-3)
