"""BM25 of trigrams, compared with scikit-learn's counts and the formula."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.store.trigrams import TrigramScores
from keras_mirror.store.trigrams import trigrams

TEXTS = [*SENTENCES, *texts(50)]


def expected(query, sample):
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(3, 3))
    counts = vectorizer.fit_transform(sample).toarray().astype("float64")
    number, frequencies = len(counts), (counts > 0).sum(axis=0)
    weights = np.log(1 + (number - frequencies + 0.5) / (frequencies + 0.5))
    lengths = counts.sum(axis=1, keepdims=True)
    saturation = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
    asked = vectorizer.transform([query]).toarray()[0] > 0
    scores = counts * 2.2 / (counts + saturation) * weights
    return (scores * asked).sum(axis=1)


@pytest.mark.parametrize("query", ["Two DOGS", "crêpes naïve", SENTENCES[3]])
def test_scores(query):
    scores = TrigramScores(TEXTS).of(query, TEXTS)
    np.testing.assert_allclose(scores, expected(query, TEXTS), rtol=1e-9)


@pytest.mark.parametrize("text", TEXTS)
def test_trigrams_are_those_of_scikit_learn(text):
    analyze = CountVectorizer(
        analyzer="char_wb", ngram_range=(3, 3)
    ).build_analyzer()
    assert trigrams(text) == analyze(text)


def test_nothing_is_shared_with_nothing():
    assert TrigramScores([]).of("a man", ["", "two dogs"]) == [0.0, 0.0]
    assert TrigramScores(TEXTS).of("", ["a man"]) == [0.0]
