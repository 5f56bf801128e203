import sys

import numpy as np
import pytest

from keras_mirror.maps import draw_map
from keras_mirror.maps.text_map import make_map
from keras_mirror.search import Index
from keras_mirror.search.encoded_texts import EncodedTexts

pytest.importorskip("openTSNE", reason="the extra [map] is missing")
TOPICS = ["excel sheet", "haskell monad", "git branch"]
# Three topics of eight texts, one text twice, and one far from all.
LINES = [f"{topic} {n}" for n in range(8) for topic in TOPICS]
LINES += [" ", LINES[4], "alone"]


def embeddings():
    generator = np.random.default_rng(0)
    rows = np.eye(4, 12)[[*(np.arange(24) % 3), 3]]
    rows = rows + 0.05 * generator.normal(size=rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype("float32")


@pytest.fixture
def encoded():
    ids = [f"id{row}" for row in range(len(LINES))]
    return EncodedTexts(LINES, ids, embeddings)


def test_each_different_text_is_a_point(encoded):
    made = make_map(encoded, num_clusters=4)
    assert sorted(made.texts) == sorted({*LINES} - {" "})
    assert made.positions.shape == (25, 2) and len(made.numbers) == 25
    for text, ids in zip(made.texts, made.ids, strict=True):
        rows = [row for row, line in enumerate(LINES) if line == text]
        assert ids == [f"id{row}" for row in rows]
    assert made.ids[made.texts.index(LINES[4])] == ["id4", "id25"]


def test_clusters_have_their_texts_and_names(encoded):
    made = make_map(encoded, num_clusters=4)
    assert made.numbers.tolist() == sorted(made.numbers.tolist())
    topics = {
        number: {
            text.split()[0]
            for text, of in zip(made.texts, made.numbers, strict=True)
            if of == number
        }
        for number in range(4)
    }
    assert made.numbers.tolist().count(0) == 8
    for number, [topic] in topics.items():
        assert topic in made.names[number]


def test_outliers_come_last(encoded, monkeypatch):
    module = sys.modules[make_map.__module__]
    find = module.cluster_encoded
    monkeypatch.setattr(
        module, "cluster_encoded", lambda *arguments: find(*arguments)[:3]
    )
    made = make_map(encoded, num_clusters=4)
    assert made.texts[-1] == "alone"
    assert made.numbers.tolist() == [0] * 8 + [1] * 8 + [2] * 8 + [3]


def test_a_cluster_without_words_is_named_by_a_text(encoded):
    lines = ["! !", "? " * 50]
    made = make_map(EncodedTexts(lines, ["1", "2"], lambda: np.eye(2)), 2)
    assert sorted(made.names) == ["! !", "? " * 29 + "?…"]


def test_the_number_of_clusters_is_found(encoded):
    pytest.importorskip("sknetwork", reason="the extra [search] is missing")
    assert make_map(encoded).names


def test_nothing_to_draw():
    with pytest.raises(
        ValueError,
        match="A map needs at least one text that is not empty. "
        "Received: 2 texts",
    ):
        make_map(EncodedTexts(["", " "], ["1", "2"], None))


def test_draw_map_writes_what_is_asked_for(model, tmp_path):
    lines = LINES[:12]  # any font has their letters
    index = Index(model)
    index.add(lines)
    made = draw_map(model, lines, html=tmp_path / "a.html", num_clusters=2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    same = draw_map(model, index, png=tmp_path / "a.png", num_clusters=2)
    assert same.texts == made.texts
    np.testing.assert_array_equal(same.positions, made.positions)
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        draw_map(model, lines, num_clusters=2, seed=-1)
