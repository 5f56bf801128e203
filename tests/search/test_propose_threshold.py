import numpy as np
import pytest
from support.texts import texts

from keras_mirror.search import find_duplicates
from keras_mirror.search import group_duplicates
from keras_mirror.search import propose_threshold
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.find_duplicates import find_encoded_duplicates
from keras_mirror.unit_rows import unit_rows


def spread(number, nearness, num_copies=0, seed=0):
    """Rows around a mean, and copies of the first ones that hardly differ."""
    generator = np.random.default_rng(seed)
    rows = unit_rows(generator.normal(size=(number, 20)))
    rows[:, 0] += nearness
    copies = rows[:num_copies] + generator.normal(size=(num_copies, 20)) / 200
    return unit_rows(np.concatenate([rows, copies]))


def reference(embeddings):
    """With loops, over all rows."""
    z = []
    for row, embedding in enumerate(embeddings):
        others = np.delete(embeddings, row, axis=0) @ embedding
        z.append(np.arctanh(min(others.max(), 0.999999)))
    center = np.median(z)
    deviation = 1.4826 * np.median([abs(each - center) for each in z])
    return np.tanh(center + 4 * deviation)


@pytest.mark.parametrize("nearness", [0.5, 0.8, 1.0])
def test_the_threshold_is_the_formula(nearness):
    embeddings = spread(500, nearness)
    expected = reference(embeddings.astype("float64"))
    assert 0.86 < expected < 0.97
    assert propose_threshold(embeddings) == round(expected, 2)


def test_copies_stand_out_and_hardly_move_it():
    embeddings = spread(1000, 0.8, num_copies=40)
    threshold = propose_threshold(embeddings)
    assert abs(threshold - propose_threshold(embeddings[:1000])) <= 0.02
    strings = [str(number) for number in range(1040)]
    corpus = EncodedTexts(strings, strings, lambda: embeddings)
    pairs = {each[1:] for each in find_encoded_duplicates(corpus, None)}
    assert {(row, 1000 + row) for row in range(40)} <= pairs
    assert len(pairs) <= 44


def test_bounds_and_few_texts():
    near = unit_rows(np.ones((400, 20)) + spread(400, 0) / 50)
    assert propose_threshold(near) == 0.98
    assert propose_threshold(near[:399]) == 0.9
    assert propose_threshold(near[:0]) == 0.9
    far = unit_rows(np.random.default_rng(0).normal(size=(400, 300)))
    assert propose_threshold(far) == 0.85


def test_a_sample_is_of_the_seed_and_near_the_whole():
    embeddings = spread(5000, 0.8)
    found = [propose_threshold(embeddings, seed) for seed in (0, 0, 1, 2, None)]
    assert found[0] == found[1] and max(found) - min(found) <= 0.03


def test_none_takes_the_proposal(model):
    strings = texts(500)
    threshold = propose_threshold(EncodedTexts.of(model, strings).embeddings)
    pairs = find_duplicates(model, strings, None)
    assert pairs == find_duplicates(model, strings, threshold)
    groups = group_duplicates(model, strings, None)
    expected = group_duplicates(model, strings, threshold)
    assert [each.rows.tolist() for each in groups] == [
        each.rows.tolist() for each in expected
    ]
    assert threshold != 0.9
