import math
import re
import sys

import numpy as np
import pytest

from keras_mirror.search import Cluster
from keras_mirror.search import ClusterName
from keras_mirror.search import name_clusters

module = sys.modules[name_clusters.__module__]
TOPICS = {
    "excel": "how to read a cell of the sheet in excel vba",
    "haskell": "the type class of a monad in haskell",
    "git": "how do you revert the last commit of git to a branch",
}


def of(*groups):
    """Texts, and clusters of them in their order."""
    texts = [text for group in groups for text in group]
    ends = np.cumsum([len(group) for group in groups])
    return texts, [
        Cluster(np.arange(end - len(group), end), np.ones(len(group)))
        for end, group in zip(ends, groups, strict=True)
    ]


def reference(groups, word, number):
    """Class-based TF-IDF as the paper has it, in loops."""
    words = [
        [word for text in group for word in re.findall(r"\w\w+", text.lower())]
        for group in groups
    ]
    average = sum(map(len, words)) / len(words)
    frequency = sum(each.count(word) for each in words)
    return words[number].count(word) * math.log(1 + average / frequency)


def random_groups(seed, num_groups=6):
    """Texts of words that each group likes otherwise."""
    generator = np.random.default_rng(seed)
    words = np.array([chr(97 + n % 26) * (5 + n) for n in range(40)])
    for _ in range(num_groups):
        likes = generator.dirichlet(np.full(len(words), 0.3))
        yield [" ".join(generator.choice(words, 8, p=likes)) for _ in range(9)]


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_those_of_the_paper(seed):
    groups = list(random_groups(seed))
    vocabulary, counts = module._count(*of(*groups))
    weights = module._weights(counts)
    assert weights.shape == (6, len(vocabulary)) and len(vocabulary) > 20
    for number in range(6):
        for place, word in enumerate(vocabulary):
            expected = reference(groups, word, number)
            np.testing.assert_allclose(weights[number, place], expected)


@pytest.mark.parametrize("seed", range(3))
def test_words_come_in_the_order_of_their_weights(seed):
    groups = list(random_groups(seed))
    names = name_clusters(*of(*groups), num_words=50)
    for number, name in enumerate(names):
        weights = [reference(groups, word, number) for word in name.words]
        assert len(weights) > 2 and weights == sorted(weights, reverse=True)
    short = name_clusters(*of(*groups), num_words=2)
    assert [each.words for each in short] == [each.words[:2] for each in names]


def test_planted_words_name_their_cluster():
    generator = np.random.default_rng(0)
    groups = [
        [" ".join(generator.permutation(text.split())) for _ in range(5)]
        for text in TOPICS.values()
    ]
    names = name_clusters(*of(*groups), num_words=9)
    for topic, name in zip(TOPICS, names, strict=True):
        assert isinstance(name, ClusterName) and topic in name.words
        assert not {"the", "of", "how", "to", "in"} & set(name.words)


@pytest.mark.parametrize(
    "word, other, is_one",
    [
        ("cell", "cells", True),
        ("query", "queries", True),
        ("verified", "verify", True),
        ("pin", "pins", True),
        ("java", "javascript", False),
        ("linq", "link", False),
        ("excel", "cell", False),
        ("verify", "verification", False),
    ],
)
def test_a_word_and_its_plural_are_one(word, other, is_one):
    texts, clusters = of([word, word, other], ["else"])
    name = name_clusters(texts, clusters)[0]
    assert name.words == ([word] if is_one else [word, other])
    assert module._differ_in_ending(other, word) == is_one


def test_words_that_most_clusters_have_are_left_out():
    groups = [["card lost", "card"], ["card pin"], ["card fee"], ["rent"]]
    words = [each.words for each in name_clusters(*of(*groups))]
    assert words == [["lost"], ["pin"], ["fee"], ["rent"]]


def test_a_word_must_be_twice_as_frequent_as_elsewhere(monkeypatch):
    # Of 8 words 4 here, 1 there: in the 32 others, a sixteenth as often.
    groups = [["up " * 4 + "one " * 4], ["up " * 1 + "two " * 7]]
    groups += [[word * 8] for word in ("six ", "ten ", "cat ")]
    assert "up" in name_clusters(*of(*groups))[0].words
    assert "up" not in name_clusters(*of(*groups))[1].words
    monkeypatch.setattr(module, "_TIMES_AS_OFTEN", 16.1)
    assert "up" not in name_clusters(*of(*groups))[0].words


def test_one_cluster_has_the_words_of_all():
    [name] = name_clusters(*of(["two dogs", "dogs run", "dogs two"]))
    assert name.words == ["dogs", "two", "run"]


def test_texts_outside_of_clusters_are_not_counted():
    texts = ["a dog", "dog dog cat", "cat", "a cat"]
    clusters = [Cluster([0], [1]), Cluster([2, 3], [1, 1])]
    names = name_clusters(texts, clusters)
    assert [each.words for each in names] == [["dog"], ["cat"]]


def test_the_three_most_central_different_texts():
    texts = ["one", "two", "one", "three", "four"]
    clusters = [Cluster([2, 0, 4, 1, 3], [1] * 5), Cluster([1, 1], [1] * 2)]
    names = name_clusters(np.array(texts), clusters)
    assert [each.rows for each in names] == [[2, 4, 1], [1]]


@pytest.mark.parametrize("texts", [["!", "?"], ["a", "b"]])
def test_texts_without_words(texts):
    clusters = [Cluster([0, 1], [1, 1])]
    assert name_clusters(texts, clusters) == [ClusterName([], [0, 1])]


def test_no_clusters_no_names():
    assert name_clusters(["a man"], []) == []


def test_a_cluster_without_words_beside_others():
    names = name_clusters(*of(["!"], ["a dog"]))
    assert [each.words for each in names] == [[], ["dog"]]


@pytest.mark.parametrize("num_words", [0, -1, 1.5, True])
def test_refuses_num_words(num_words):
    message = (
        "^`num_words` must be a positive integer. "
        f"Received: num_words={num_words}$"
    )
    with pytest.raises(ValueError, match=message):
        name_clusters(["a man"], [], num_words)


def test_missing_extra_is_named(monkeypatch):
    name = "sklearn.feature_extraction.text"
    monkeypatch.setitem(sys.modules, name, None)
    message = f"^`{re.escape(name)}` is needed .*keras-mirror\\[search\\]"
    with pytest.raises(ImportError, match=message):
        name_clusters(*of(["a man"]))
