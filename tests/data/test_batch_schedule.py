import numpy as np
import pytest

from keras_mirror.data.batch_schedule import BatchSchedule

LENGTHS = np.random.default_rng(0).integers(1, 9, size=103)


def test_without_shuffling_the_order_stays():
    epochs = BatchSchedule(
        7, batch_size=3, shuffle=False, lengths=[7, 6, 5, 4, 3, 2, 1]
    )
    for epoch in (0, 1):
        np.testing.assert_array_equal(
            epochs.batches(epoch), [[0, 1, 2], [3, 4, 5]]
        )


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_every_epoch_uses_others_and_none_twice(lengths):
    epochs = BatchSchedule(103, batch_size=10, lengths=lengths, seed=0)
    assert len(epochs) == 10
    left_out = []
    for epoch in range(60):
        batches = epochs.batches(epoch)
        assert batches.shape == (10, 10)
        rows = set(batches.ravel().tolist())
        assert len(rows) == 100
        left_out.append(frozenset(range(103)) - rows)
    assert len(set(left_out)) > 50
    assert len(set.union(*map(set, left_out))) > 70  # of all, not the longest


def test_batches_are_of_similar_length():
    epochs = BatchSchedule(103, batch_size=10, lengths=LENGTHS, seed=0)
    lengths = LENGTHS[epochs.batches(0)]
    bounds = sorted((row.min(), row.max()) for row in lengths)
    for (_, longest), (shortest, _) in zip(bounds, bounds[1:], strict=False):
        assert longest <= shortest


def test_equal_lengths_meet_at_random_and_batches_come_in_any_order():
    epochs = BatchSchedule(
        100, batch_size=10, lengths=np.arange(100) // 50, seed=0
    )
    neighbors, first_lengths = set(), set()
    for epoch in range(30):
        batches = epochs.batches(epoch)
        first_lengths.add(batches[0, 0] // 50)
        batch = next(batch for batch in batches if 0 in batch)
        neighbors |= set(batch.tolist())
    assert first_lengths == {0, 1}
    assert neighbors == set(range(50))


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_seed_decides_all_epochs(lengths):
    one, same, other, *free = (
        BatchSchedule(103, 10, lengths=lengths, seed=seed)
        for seed in (3, 3, 4, None, None)
    )
    for epoch in (0, 1, 7):
        batches = one.batches(epoch)
        np.testing.assert_array_equal(batches, same.batches(epoch))
        assert (batches != other.batches(epoch)).any()
        assert (free[0].batches(epoch) != free[1].batches(epoch)).any()
    assert (one.batches(0) != one.batches(1)).any()


def test_every_batch_has_a_span_seed_of_its_own():
    one, same, other = (BatchSchedule(103, 10, seed=seed) for seed in (3, 3, 4))
    seeds = set()
    for epoch in range(3):
        for batch in range(10):
            seed = one.span_seed(epoch, batch).tolist()
            assert len(seed) == 2
            assert seed == same.span_seed(epoch, batch).tolist()
            seeds |= {tuple(seed), tuple(other.span_seed(epoch, batch))}
    assert len(seeds) == 60
