import numpy as np
import pytest
from support.models import make_model
from support.texts import SENTENCES

from keras_mirror.search import Index
from keras_mirror.search import cluster
from keras_mirror.search import find_duplicates
from keras_mirror.search.encoded_texts import EncodedTexts

LINES = [*SENTENCES[:6], " ", SENTENCES[1], *SENTENCES[6:], SENTENCES[0]]


@pytest.fixture(params=["in memory", "in a folder"])
def index(request, model, tmp_path):
    """With rows that have gone, at the front and between others."""
    index = Index(model)
    index.add(["gone", *LINES[:4], "gone too", *LINES[4:]])
    if request.param == "in a folder":
        index.save(tmp_path / "texts.index")
        index = Index.load(tmp_path / "texts.index", model)
    index.remove(["1", "6"])
    return index


def test_an_index_holds_what_encoding_gives(model, index):
    encoded = EncodedTexts.of(model, LINES)
    held = EncodedTexts.of(model, index)
    assert held.texts == encoded.texts == LINES
    assert list(held.distinct) == list(encoded.distinct)
    np.testing.assert_allclose(held.embeddings, encoded.embeddings, atol=1e-6)
    assert encoded.ids == [str(number) for number in range(1, 14)]
    assert held.ids == ["2", "3", "4", "5", *map(str, range(7, 16))]


def test_a_folder_is_read_without_its_model(model, tmp_path):
    index = Index(model)
    index.add(LINES, ids=[f"id {number}" for number in range(13)])
    index.save(tmp_path / "texts.index")
    held = EncodedTexts.of_index(tmp_path / "texts.index")
    assert held.ids[11] == "id 11" and held.texts == LINES
    expected = EncodedTexts.of(model, LINES).embeddings
    np.testing.assert_allclose(held.embeddings, expected, atol=1e-6)


def test_an_index_has_the_clusters_and_pairs_of_its_texts(model, index):
    for options in ({}, {"num_clusters": 3}, {"threshold": 0.6}):
        found = cluster(model, index, **options)
        expected = cluster(model, LINES, **options)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.rows, other.rows)
    found = find_duplicates(model, index, 0.5)
    expected = find_duplicates(model, LINES, 0.5)
    assert [each[1:] for each in found] == [each[1:] for each in expected]


def test_an_empty_index(model):
    assert EncodedTexts.of(model, Index(model)).embeddings.shape == (0, 8)
    assert find_duplicates(model, Index(model), -1) == []


def test_refuses_the_index_of_another_model(index):
    message = (
        "^`model` must be the model of the index, `index.model`. "
        "Received: another model$"
    )
    with pytest.raises(ValueError, match=message):
        EncodedTexts.of(make_model(), index)
