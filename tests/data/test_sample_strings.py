import collections

import numpy as np
import pytest
import scipy.stats

from keras_mirror.data import collect_strings
from keras_mirror.data import sample_strings

TEXTS = [f"text {number}" for number in range(100)]


def test_as_many_different_strings_as_asked():
    corpus = sample_strings(TEXTS * 3, 20, seed=0)
    assert len(corpus.strings) == len(set(corpus.strings)) == 20
    assert set(corpus.strings) < set(TEXTS)
    assert corpus.partners is None


def test_everything_is_counted():
    corpus = sample_strings([*TEXTS, *TEXTS, "", " ", "a\0b"], 20, seed=0)
    assert (corpus.num_read, corpus.num_empty, corpus.num_binary) == (203, 2, 1)
    # A string that is drawn and comes again is a duplicate, no other is.
    assert corpus.num_duplicates == 20
    assert corpus.num_unsampled == 160


def test_all_of_a_small_corpus():
    corpus = sample_strings(TEXTS * 2, 1000, seed=0)
    assert sorted(corpus.strings) == sorted(TEXTS)
    assert corpus.num_unsampled == 0 and corpus.num_duplicates == 100
    assert corpus.strings != TEXTS  # in another order


def test_every_string_is_equally_likely_however_often_it_appears():
    texts = TEXTS + TEXTS[:10] * 20
    drawn = collections.Counter()
    for seed in range(400):
        drawn.update(sample_strings(texts, 10, seed=seed).strings)
    counts = [drawn[text] for text in TEXTS]
    assert sum(counts) == 4000
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_every_line_is_equally_likely_with_duplicates():
    texts = ["often"] * 300 + TEXTS
    drawn = collections.Counter()
    for seed in range(100):
        corpus = sample_strings(texts, 20, seed=seed, drop_duplicates=False)
        assert len(corpus.strings) == 20
        drawn.update(corpus.strings)
    assert drawn["often"] == pytest.approx(2000 * 3 / 4, rel=0.06)


def test_the_order_is_random():
    places = [
        sample_strings(TEXTS, 100, seed=seed).strings.index("text 0")
        for seed in range(200)
    ]
    uniform = scipy.stats.randint(0, 100)
    assert scipy.stats.kstest(places, uniform.cdf).pvalue > 1e-3


def test_the_order_of_the_texts_does_not_matter():
    shuffled = np.random.default_rng(0).permutation(TEXTS).tolist()
    samples = [sample_strings(each, 20, seed=1) for each in (TEXTS, shuffled)]
    assert samples[0].strings == samples[1].strings


def test_the_seed_decides():
    first, again, other = (
        sample_strings(TEXTS, 20, seed=seed).strings for seed in (1, 1, 2)
    )
    assert first == again != other
    assert (
        sample_strings(TEXTS, 20).strings != sample_strings(TEXTS, 20).strings
    )


def test_pairs_stay_together():
    pairs = [(f"text {number}", f"other {number}") for number in range(50)]
    corpus = sample_strings([*pairs, "alone"], 51, seed=0)
    drawn = set(zip(corpus.strings, corpus.partners, strict=True))
    assert drawn == {*pairs, ("alone", "alone")}


def test_memory_holds_the_sample_only():
    import tracemalloc

    def peak(number):
        texts = (f"text {index}" for index in range(number))
        tracemalloc.start()
        sample_strings(texts, 100, seed=0)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20_000) < 2 * peak(2_000)


def test_the_same_checks_as_without_a_sample():
    for collect in (collect_strings, lambda texts: sample_strings(texts, 5)):
        with pytest.raises(TypeError, match="Texts must be strings"):
            collect(["a man", 7])


@pytest.mark.parametrize("size", [0, -1, 2.0])
def test_what_is_no_size(size):
    message = f"^`size` must be a positive integer. Received: size={size}$"
    with pytest.raises(ValueError, match=message):
        sample_strings(["one"], size)
