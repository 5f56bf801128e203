"""Signs of vectors, and the blocks that hold them."""

import os

import numpy as np
import pytest

from keras_mirror.store import sign_blocks
from keras_mirror.store import sign_codes as sign_codes_module
from keras_mirror.store.settings import Settings
from keras_mirror.store.sign_blocks import FileBlocks
from keras_mirror.store.sign_blocks import MemoryBlocks
from keras_mirror.store.sign_codes import center_of
from keras_mirror.store.sign_codes import sign_codes
from keras_mirror.store.signs import StoredSigns


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(sign_blocks, "BLOCK", 16)
    monkeypatch.setattr(sign_blocks, "_SHAPE", (8, 16))
    monkeypatch.setattr(sign_blocks, "_NUM_BYTES", 8 * 16 * 8)
    monkeypatch.setattr("keras_mirror.store.signs.BLOCK", 16)


def random_vectors(number, embedding_dim=24, seed=0):
    rows = np.random.default_rng(seed).normal(size=(number, embedding_dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype("float32")


def num_differing(one, other):
    return int(np.bitwise_count(one ^ other).sum())


# === Codes ===


@pytest.mark.parametrize("embedding_dim", [1, 24, 384, 512, 1024])
def test_vectors_differ_in_as_many_signs_as_their_angle_is_wide(embedding_dim):
    directions = sign_codes_module._directions(embedding_dim)
    assert directions.shape == (embedding_dim, 512)
    assert set(directions.flat) == {-1, 1}
    vectors = random_vectors(2, embedding_dim)
    for share in (0, 0.3, 1):
        other = (1 - share) * vectors[:1] + share * vectors[1:]
        codes = sign_codes(
            np.concatenate([vectors[:1], other]), np.zeros(embedding_dim)
        )
        cosine = vectors[0] @ other[0] / np.linalg.norm(other[0])
        expected = 512 * np.arccos(np.clip(cosine, -1, 1)) / np.pi
        assert abs(num_differing(*codes) - expected) < 60


def test_signs_stay_the_same_in_all_versions():
    # Those of files that exist: worked out once with NumPy 2.4.
    vectors = np.array([[3, 1, -2], [-1, 5, 7]], "float32")
    codes = sign_codes(vectors, np.array([0.5, 0, 0]))
    assert [f"{word:x}" for word in codes[:, 0].tolist()] == [
        "bdd8878181242bb4",
        "c3333c3c3cc3ccc3",
    ]


def test_codes_of_parts_are_those_of_all(monkeypatch):
    vectors = random_vectors(70)
    expected = sign_codes(vectors, center_of(vectors))
    monkeypatch.setattr(sign_codes_module, "_CHUNK", 16)
    found = sign_codes(vectors, center_of(vectors))
    np.testing.assert_array_equal(found, expected)


def test_a_center_is_that_of_vectors_from_all_over(monkeypatch):
    vectors = random_vectors(1000)
    vectors[500:] += 1
    monkeypatch.setattr(sign_codes_module, "_NUM_CENTERED", 100)
    expected = vectors.mean(axis=0)
    np.testing.assert_allclose(center_of(vectors), expected, atol=0.1)


# === Blocks ===


@pytest.mark.parametrize("in_file", [True, False])
def test_blocks_hold_what_is_written(in_file, tmp_path, small_blocks):
    blocks = FileBlocks(tmp_path / "signs") if in_file else MemoryBlocks()
    codes = sign_codes(random_vectors(70), np.zeros(24))
    for start, end in ((0, 0), (0, 5), (5, 16), (16, 50), (40, 70)):
        blocks.write(start, codes[start:end])
        if end:
            found = np.concatenate([each.T for each in blocks.read(end)])
            np.testing.assert_array_equal(found[:end], codes[:end])
    assert len(blocks.read(70)) == 5 and len(blocks.read(3)) == 1
    if in_file:
        others = FileBlocks(tmp_path / "signs").read(70)
        np.testing.assert_array_equal(others, blocks.read(70))
        assert os.path.getsize(tmp_path / "signs") == 5 * 16 * 64


def test_a_file_that_is_too_short_is_refused(tmp_path, small_blocks):
    path = tmp_path / "signs"
    FileBlocks(path).write(0, sign_codes(random_vectors(30), np.zeros(24)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="must hold 2048 bytes.*2047 bytes"):
        FileBlocks(path).read(17)
    assert len(FileBlocks(path).read(16)) == 1


# === Those of a store ===


@pytest.mark.parametrize("in_folder", [True, False])
def test_signs_grow_and_are_made_anew(in_folder, tmp_path, small_blocks):
    vectors = random_vectors(100)
    settings = Settings(24)
    signs = StoredSigns(tmp_path if in_folder else None)
    names = []
    for number in (10, 20, 21, 42, 43, 100):
        settings.num_vectors = number
        assert signs.current(settings) is None
        signs.grow(settings, vectors[:number])
        names.append(settings.signs)
        read = StoredSigns(tmp_path) if in_folder else signs
        current = read.current(settings)
        for query in vectors[:number]:
            mask = (vectors[:number] @ query) < 0.99
            places = current.places(query, number, 1).tolist()
            assert mask[places].tolist() == [False]
            other = current.places(query, number, 1, mask)
            assert mask[other].all()
    assert names == [f"signs-{n}.bin" for n in (1, 1, 2, 2, 3, 4)]
    assert sorted(os.listdir(tmp_path)) == (
        sorted(set(names)) if in_folder else []
    )


def test_places_are_those_of_a_sort(small_blocks):
    vectors = random_vectors(100)
    settings = Settings(24, num_vectors=100)
    signs = StoredSigns()
    signs.grow(settings, vectors)
    codes = sign_codes(vectors, settings.center)
    mask = np.random.default_rng(0).random(100) < 0.5
    for query in random_vectors(20, seed=1):
        [code] = sign_codes(query[np.newaxis], settings.center)
        distances = [num_differing(code, each) for each in codes]
        for allowed in (None, mask):
            kept = [n for n in range(100) if allowed is None or allowed[n]]
            last = sorted(distances[n] for n in kept)[6]
            expected = [n for n in kept if distances[n] <= last]
            found = signs.current(settings).places(query, 100, 7, allowed)
            assert found.tolist() == expected


def test_a_center_of_another_length_is_refused():
    settings = Settings(24, num_vectors=5)
    signs = StoredSigns()
    signs.grow(settings, random_vectors(5))
    settings.center = [0.5]
    with pytest.raises(ValueError, match="center must have 24 numbers, not 1"):
        signs.current(settings)
