import re

import keras
import numpy as np
import pytest
import torch
from keras import ops
from pytorch_metric_learning.losses import NTXentLoss
from support import references

from keras_mirror.losses import info_nce

SIZES = [2, 3, 8]
TEMPERATURES = [0.04, 0.2]
TOLERANCE = 1e-5


def random_views(batch_size, seed=0, embedding_dim=16):
    generator = np.random.default_rng(seed)
    shape = (2, batch_size, embedding_dim)
    return generator.normal(size=shape).astype("float32")


def similar(views):
    """What training sees: the views of a string nearly the same."""
    views[1] = views[0] + 0.1 * views[1]


def identical(views):
    views[:] = views[0, 0]


def same_strings(views):
    views[:, 1] = views[:, 0]


def opposite(views):
    views[1] = -views[0]


def zero_row(views):
    views[0, 0] = 0


def zero_string(views):
    views[:, 1] = 0


def all_zero(views):
    views[:] = 0


def huge(views):
    views *= 1e18


def one_huge(views):
    views[1, 0] *= 1e18


def overflowing(views):
    """Finite in float32, but not their squares."""
    views[:, 0] *= 1e30
    views[1, 1] *= 1e37


def small(views):
    views *= 1e-6


def below_epsilon(views):
    views[:, 0] *= 1e-20


def everything(views):
    """One batch with all of the above."""
    for number, change in enumerate(
        [identical, same_strings, opposite, zero_row, zero_string, all_zero]
        + [huge, one_huge, small, below_epsilon]
    ):
        change(views[:, 4 * number : 4 * number + 3])


CHANGES = [similar, identical, same_strings, opposite, zero_row, zero_string]
CHANGES += [all_zero, huge, one_huge, overflowing, small, below_epsilon]


def reference(view_1, view_2, temperature):
    """Loss and gradients by the original's library.

    In float64 where squares overflow its float32.
    """
    views = torch.tensor(np.concatenate([view_1, view_2]).astype("float32"))
    if views.abs().max() > 1e19:
        views = views.double()
    views.requires_grad_()
    labels = torch.arange(len(view_1)).repeat(2)
    loss = NTXentLoss(temperature)(views, labels)
    loss.backward()
    return loss.item(), np.split(views.grad.numpy(), 2)


def assert_equals_reference(views, temperature):
    value, gradients = references.value_and_gradients(
        info_nce, *views, temperature=temperature
    )
    expected, expected_gradients = reference(*views, temperature)
    np.testing.assert_allclose(value, expected, TOLERANCE, TOLERANCE)
    for view, gradient, expected in zip(
        views, gradients, expected_gradients, strict=True
    ):
        assert np.isfinite(gradient).all()
        assert (
            np.abs(gradient - expected) <= gradient_tolerance(view, expected)
        ).all()


def gradient_tolerance(view, expected):
    # A row's gradient shrinks with its norm: so does what it may be off, down
    # to the smallest number of float32.
    norms = np.linalg.norm(view.astype("float64"), axis=-1, keepdims=True)
    scale = np.abs(expected).max(axis=-1, keepdims=True)
    tolerance = TOLERANCE * np.maximum(scale, 1 / np.maximum(norms, 1e-12))
    return np.maximum(tolerance, np.finfo("float32").tiny)


def float16_info_nce(view_1, view_2, temperature):
    views = [ops.cast(view, "float16") for view in (view_1, view_2)]
    return info_nce(*views, temperature)


def bfloat16_info_nce(view_1, view_2, temperature):
    views = [ops.cast(view, "bfloat16") for view in (view_1, view_2)]
    return info_nce(*views, temperature)


def decoupled_info_nce(view_1, view_2, temperature=0.04, string_ids=None):
    return info_nce(view_1, view_2, temperature, string_ids, decoupled=True)


def loop_reference(
    view_1, view_2, temperature, ids=None, ceiling=2, decoupled=False
):
    """The loss as the paper and NT-Xent write it, one anchor at a time."""
    vectors = [row / np.linalg.norm(row) for row in [*view_1, *view_2]]
    batch_size = len(view_1)
    losses = []
    for anchor in range(2 * batch_size):
        positive = (anchor + batch_size) % (2 * batch_size)
        denominator = 0.0
        for other in range(2 * batch_size):
            cosine = np.dot(vectors[anchor], vectors[other])
            is_negative = cosine <= ceiling
            if ids is not None:
                is_negative = is_negative and ids[other] != ids[anchor]
            if other == positive:
                is_negative = not decoupled
            if other != anchor and is_negative:
                denominator += np.exp(cosine / temperature)
        cosine = np.dot(vectors[anchor], vectors[positive])
        losses.append(-np.log(np.exp(cosine / temperature) / denominator))
    return np.mean(losses)


HALF_PRECISION = {"float16": float16_info_nce, "bfloat16": bfloat16_info_nce}

# === Basics ===


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_is_a_float32_scalar_for_every_dtype(dtype):
    views = [ops.cast(view, dtype) for view in random_views(3)]
    loss = info_nce(*views)
    assert loss.shape == ()
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"


def test_default_temperature_is_the_papers():
    views = random_views(4)
    assert float(info_nce(*views)) == float(info_nce(*views, 0.04))
    assert float(info_nce(*views)) != float(info_nce(*views, 0.05))


# === Correctness ===


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("batch_size", SIZES)
def test_random_embeddings_equal_pytorch_metric_learning(
    batch_size, temperature
):
    for seed in range(5):
        views = random_views(batch_size, seed)
        assert_equals_reference(views, temperature)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("batch_size", SIZES)
@pytest.mark.parametrize("change", CHANGES)
def test_adversarial_embeddings_equal_pytorch_metric_learning(
    change, batch_size, temperature
):
    views = random_views(batch_size)
    change(views)
    assert_equals_reference(views, temperature)


# The reference takes seconds at this size, so the batches are few.
@pytest.mark.parametrize(
    "change, temperature", [(similar, 0.04), (everything, 0.2)]
)
def test_papers_batch_size_equals_pytorch_metric_learning(change, temperature):
    views = random_views(200)
    change(views)
    assert_equals_reference(views, temperature)


@pytest.mark.parametrize("dtype", HALF_PRECISION)
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("change", [similar, identical, zero_row, one_huge])
def test_half_precision_equals_reference_on_the_values_upcast(
    change, temperature, dtype
):
    views = random_views(8)
    change(views)
    # Values that are the same in half precision, huge ones near its largest.
    views = np.clip(views, -60000, 60000)
    halves = [ops.cast(view, dtype) for view in views]
    views = [ops.convert_to_numpy(ops.cast(half, "float32")) for half in halves]
    value, gradients = references.value_and_gradients(
        HALF_PRECISION[dtype], *views, temperature=temperature
    )
    expected, expected_gradients = reference(*views, temperature)
    np.testing.assert_allclose(value, expected, TOLERANCE, TOLERANCE)
    if change is zero_row and dtype == "float16":
        return  # a gradient of 1e12 is more than float16 holds
    rounding = {"float16": 1e-3, "bfloat16": 1e-2}[dtype]
    for gradient, expected in zip(gradients, expected_gradients, strict=True):
        # Below 1e-4 float16 has fewer digits.
        np.testing.assert_allclose(gradient, expected, rounding, 1e-6)


@pytest.mark.parametrize("temperature", [0.04, 0.2, 1.0])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_equals_loops_over_anchors(batch_size, temperature):
    views = random_views(batch_size, seed=batch_size)
    loss = info_nce(*views, temperature)
    expected = loop_reference(*views.astype("float64"), temperature)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ids", [None, [0, 1, 0, 3, 4, 5] * 2])
@pytest.mark.parametrize("temperature", [0.04, 0.2, 1.0])
def test_decoupled_leaves_the_positive_out_of_the_denominator(temperature, ids):
    views = random_views(6)
    views[1] = views[0] + views[1]
    loss = info_nce(
        *views,
        temperature,
        None if ids is None else np.array(ids, "int32"),
        decoupled=True,
    )
    expected = loop_reference(
        *views.astype("float64"), temperature, ids, decoupled=True
    )
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5, atol=1e-6)
    assert float(loss) < float(info_nce(*views, temperature)) - 0.1


def test_decoupled_pulls_the_views_whatever_the_negatives():
    """The gradient along the positive is that of the cosine alone."""
    views = np.eye(4, dtype="float32")[:2]
    views = np.stack([views, views + 0.1 * np.eye(4, dtype="float32")[2:]])
    _, gradients = references.value_and_gradients(decoupled_info_nce, *views)
    # Two anchors of four share each positive; d cos / d view_1[:, 2 + row].
    expected = -2 / 4 / 0.04 * 0.1 / np.sqrt(1.01)
    for row in range(2):
        np.testing.assert_allclose(
            gradients[0][row, 2 + row], expected, rtol=1e-4
        )


@pytest.mark.parametrize("ids", [None, [3] * 8])
def test_decoupled_without_negatives_has_no_loss(ids):
    views = random_views(1 if ids is None else 4)
    value, gradients = references.value_and_gradients(
        decoupled_info_nce,
        *views,
        string_ids=None if ids is None else np.array(ids, "int32"),
    )
    np.testing.assert_allclose(value, 0, atol=1e-6)
    np.testing.assert_allclose(gradients, 0, atol=1e-5)


# === Clean negatives ===

IDS = {
    "two_alike": [0, 1, 0, 3, 4, 5] * 2,
    "three_alike": [7, 7, 2, 3, 7, 5] * 2,
    "all_alike": [4] * 12,
    "pairs": [0, 1, 2, 3, 4, 5, 6, 0, 8, 9, 4, 0],  # views of other strings
}


@pytest.mark.parametrize("temperature", [0.2, 0.5])
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_strings_alike_are_not_negatives(ids, temperature):
    views = random_views(6)
    views[1] = views[0] + views[1]
    loss = float(info_nce(*views, temperature, np.array(ids, "int32")))
    expected = loop_reference(*views.astype("float64"), temperature, ids)
    np.testing.assert_allclose(loss, expected, rtol=1e-5, atol=1e-6)
    assert abs(loss - float(info_nce(*views, temperature))) > 1e-4


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_different_ids_change_nothing(temperature):
    views = random_views(6)
    ids = np.array([*range(6)] * 2, "int32")
    np.testing.assert_allclose(
        float(info_nce(*views, temperature, ids)),
        float(info_nce(*views, temperature)),
        rtol=1e-6,
    )


def test_strings_alike_do_not_push_each_other():
    views = random_views(6)
    ids = np.array(IDS["all_alike"], "int32")
    value, gradients = references.value_and_gradients(
        info_nce, *views, string_ids=ids
    )
    np.testing.assert_allclose(value, 0, atol=1e-6)
    np.testing.assert_allclose(gradients, 0, atol=1e-5)


@pytest.mark.parametrize("ids", [None, IDS["two_alike"]])
@pytest.mark.parametrize("ceiling", [-0.5, 0.1, 0.3])
def test_negatives_above_the_ceiling_are_left_out(ceiling, ids):
    views = random_views(6)
    loss = info_nce(
        *views,
        0.1,
        None if ids is None else np.array(ids, "int32"),
        max_negative_similarity=ceiling,
    )
    expected = loop_reference(*views.astype("float64"), 0.1, ids, ceiling)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5, atol=1e-6)
    assert abs(float(loss) - float(info_nce(*views, 0.1))) > 1e-4


@pytest.mark.parametrize("kind", ["one ceiling", "a ceiling for each"])
def test_a_guide_leaves_out_what_it_holds_to_be_close(kind):
    views = random_views(6)
    guide = np.random.default_rng(3).normal(size=(12, 5)).astype("float16")
    unit = guide.astype("float64")
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    ceilings = np.full(12, 0.2) if kind == "one ceiling" else unit[:, 0] / 2
    ceiling = 0.2 if kind == "one ceiling" else ceilings.astype("float32")
    # Every row is an anchor once: what is left of its denominator, in a loop.
    embeddings = np.concatenate(views).astype("float64")
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    expected = []
    for row in range(12):
        partner = (row + 6) % 12
        others = [
            other
            for other in range(12)
            if other not in (row, partner)
            and unit[row] @ unit[other] <= ceilings[row]
        ]
        logits = embeddings[[partner, *others]] @ embeddings[row] / 0.1
        expected.append(np.log(np.exp(logits).sum()) - logits[0])
    loss = float(info_nce(*views, 0.1, guide=guide, guide_ceiling=ceiling))
    np.testing.assert_allclose(loss, np.mean(expected), rtol=1e-5)
    assert abs(loss - float(info_nce(*views, 0.1))) > 1e-3


def test_a_guide_that_leaves_out_nothing_changes_nothing():
    views = random_views(6)
    guide = np.random.default_rng(3).normal(size=(12, 5)).astype("float16")
    np.testing.assert_allclose(
        float(info_nce(*views, 0.1, guide=guide, guide_ceiling=1.0)),
        float(info_nce(*views, 0.1)),
        atol=1e-6,
    )


@pytest.mark.parametrize("given", ["guide", "guide_ceiling"])
def test_a_guide_needs_its_ceiling(given):
    values = {"guide": np.ones((12, 2)), "guide_ceiling": 0.5}
    with pytest.raises(ValueError, match=f"Received: only `{given}`"):
        info_nce(*random_views(6), **{given: values[given]})


def test_a_positive_is_never_above_the_ceiling():
    views = random_views(6)
    similar(views)
    assert float(info_nce(*views, 0.2, max_negative_similarity=0.5)) > 0


@pytest.mark.parametrize("batch_size", [1, 2, 8, 200])
@pytest.mark.parametrize("change", [identical, all_zero])
def test_all_the_same_is_guessing_among_the_others(change, batch_size):
    views = random_views(batch_size)
    change(views)
    np.testing.assert_allclose(
        float(info_nce(*views)), np.log(2 * batch_size - 1), atol=1e-5
    )


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_orthogonal_strings(temperature):
    batch_size = 8
    view = np.eye(batch_size, dtype="float32")
    negatives = (2 * batch_size - 2) * np.exp(-1 / temperature)
    np.testing.assert_allclose(
        float(info_nce(view, view, temperature)),
        np.log1p(negatives),
        rtol=1e-4,
        atol=1e-6,
    )


def test_views_as_angles():
    angles = np.array([[0.0, 90.0], [60.0, 90.0]], "float32") * np.pi / 180
    views = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    # Cosines: of string 0's views 0.5, of string 1's 1, between them 0 and
    # sqrt(3) / 2.
    high = np.exp(np.sqrt(3) / 2)
    losses = [
        -np.log(np.exp(0.5) / (np.exp(0.5) + 2)),
        -np.log(np.exp(0.5) / (np.exp(0.5) + 2 * high)),
        -2 * np.log(np.e / (np.e + 1 + high)),
    ]
    np.testing.assert_allclose(
        float(info_nce(*views, 1.0)), np.sum(losses) / 4, rtol=1e-6
    )


def test_one_string_has_no_negatives_and_no_loss():
    value, gradients = references.value_and_gradients(
        info_nce, *random_views(1)
    )
    np.testing.assert_allclose(value, 0, atol=1e-6)
    np.testing.assert_allclose(gradients, 0, atol=1e-5)


def test_order_of_views_does_not_matter():
    view_1, view_2 = random_views(8)
    np.testing.assert_allclose(
        float(info_nce(view_1, view_2)),
        float(info_nce(view_2, view_1)),
        rtol=1e-6,
    )


def test_order_of_strings_does_not_matter_but_their_pairing_does():
    view_1, view_2 = random_views(8)
    order = np.random.default_rng(1).permutation(8)
    loss = float(info_nce(view_1, view_2))
    reordered = float(info_nce(view_1[order], view_2[order]))
    np.testing.assert_allclose(reordered, loss, rtol=1e-6)
    assert abs(float(info_nce(view_1, view_2[order])) - loss) > 0.1


@pytest.mark.parametrize("scale", [1e-6, 0.01, 100.0, 1e8, 1e30])
def test_length_of_rows_does_not_matter(scale):
    view_1, view_2 = random_views(8)
    scales = np.geomspace(1, scale, 8, dtype="float32")[:, np.newaxis]
    np.testing.assert_allclose(
        float(info_nce(view_1 * scales, view_2 * scales[::-1])),
        float(info_nce(view_1, view_2)),
        rtol=1e-5,
    )


def test_rotation_does_not_matter():
    views = random_views(8)
    rotation, _ = np.linalg.qr(random_views(16)[0])
    np.testing.assert_allclose(
        float(info_nce(*(views @ rotation))), float(info_nce(*views)), rtol=1e-5
    )


def test_gradient_is_orthogonal_to_the_rows():
    views = random_views(8)
    _, gradients = references.value_and_gradients(info_nce, *views)
    assert np.abs(gradients).max() > 0.01
    np.testing.assert_allclose(np.sum(views * gradients, axis=-1), 0, atol=1e-5)


def test_smallest_temperature_that_float32_bears():
    views = random_views(8)
    similar(views)
    value, gradients = references.value_and_gradients(
        info_nce, *views, temperature=1e-4
    )
    assert np.isfinite(value) and np.isfinite(gradients).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_broken_embeddings_are_not_hidden(value):
    views = random_views(4)
    views[0, 1, 2] = value
    assert np.isnan(float(info_nce(*views)))


# === Invalid arguments ===


@pytest.mark.parametrize(
    "temperature", [0, 0.0, -0.04, np.nan, np.inf, True, "0.04"]
)
def test_temperature_must_be_positive(temperature):
    message = (
        "`temperature` must be a positive float. "
        f"Received: temperature={temperature!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        info_nce(*random_views(3), temperature)


def test_temperature_may_be_a_tensor():
    views = random_views(3)
    loss = info_nce(*views, ops.convert_to_tensor(0.2))
    np.testing.assert_allclose(float(loss), float(info_nce(*views, 0.2)))


@pytest.mark.parametrize("ceiling", [-1, 1.5, np.nan, True, "0.5"])
def test_max_negative_similarity_must_be_a_cosine(ceiling):
    message = (
        "`max_negative_similarity` must be a float in (-1, 1] or None. "
        f"Received: max_negative_similarity={ceiling!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        info_nce(*random_views(3), max_negative_similarity=ceiling)
