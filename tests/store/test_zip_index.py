"""Indexes of older versions, which are one file."""

import json
import re

import numpy as np
import pytest
from support.texts import SENTENCES
from support.zip_index import SETTINGS
from support.zip_index import as_npy
from support.zip_index import write_zip_index

from keras_mirror.search import Index
from keras_mirror.store import zip_index
from keras_mirror.store.index_folder import archive_of_index

TEXTS = [*SENTENCES, "", SENTENCES[2], "two\nlines\t\0"]


@pytest.fixture
def path(model, tmp_path):
    return write_zip_index(tmp_path / "texts.index", model, TEXTS)


def settings(**changes):
    content = {**SETTINGS, "fingerprint": "", **changes}
    return json.dumps(content).encode()


def refuse(path, model):
    with pytest.raises(ValueError) as error:
        Index.load(path, model)
    message = str(error.value)
    assert message.startswith(
        f"'{path}' is not a readable index of keras-mirror: "
    )
    return message


def test_it_becomes_a_folder(model, path, tmp_path):
    new = Index(model)
    new.add(TEXTS)
    old = Index.load(path, model)
    assert old.texts == TEXTS
    for query in SENTENCES:
        [found], [expected] = old.query(query, 1), new.query(query, 1)
        assert found[0].id == expected[0].id
        assert found[0].similarity == pytest.approx(expected[0].similarity)
    old.add("one more")
    old.save(tmp_path / "new.index")
    old.save(path, overwrite=True)
    for each in (path, tmp_path / "new.index"):
        assert each.is_dir()
        assert Index.load(each, model).texts == [*TEXTS, "one more"]


def test_where_the_archive_is(model, tmp_path):
    path = tmp_path / "texts.index"
    content = settings(archive="../models/encoder.keras")
    write_zip_index(path, model, TEXTS, settings_json=content)
    expected = tmp_path.parent / "models" / "encoder.keras"
    assert archive_of_index(path) == str(expected)
    content = settings(preset="mirror_mini_lm_en")
    write_zip_index(path, model, TEXTS, settings_json=content)
    assert archive_of_index(path) == "mirror_mini_lm_en"


def test_damaged_bytes(model, path):
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for start in generator.choice(len(whole) - 60, 30, replace=False):
        broken = bytearray(whole)
        broken[start : start + 60] = generator.bytes(60)
        path.write_bytes(broken)
        try:
            loaded = Index.load(path, model)
        except ValueError as error:
            assert str(path) in str(error)
        else:  # dates and the like in the ZIP's own headers
            assert loaded.texts == TEXTS


@pytest.mark.parametrize("length", [0, 1, 100, -1, -500])
def test_cut_files(model, path, length):
    path.write_bytes(path.read_bytes()[:length])
    refuse(path, model)


@pytest.mark.parametrize(
    "content", [b"", b"some text\n", b"PK\x03\x04", as_npy(np.zeros((3, 8)))]
)
def test_other_files(model, path, content):
    path.write_bytes(content)
    refuse(path, model)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"settings_json": None}, "settings.json"),
        ({"texts_json": None}, "texts.json"),
        ({"vectors_npy": None}, "vectors.npy"),
        ({"settings_json": b"{}"}, "format"),
        (
            {"settings_json": b'{"format": "other", "version": 1}'},
            r"format and version must be .*, not \('other', 1\)",
        ),
        ({"texts_json": b"[]"}, r"shape \(11, 8\) and float32 for 0 different"),
        ({"texts_json": b"[1]"}, ""),
        ({"texts_json": b"\xff"}, ""),
        ({"texts_json": b'["\\ud800"]'}, "surrogates not allowed"),
        ({"other_file": b""}, "its parts must be settings.json, "),
        ({"settings_json": settings(exact=3)}, "exact must not be 3"),
        ({"vectors_npy": b"nothing"}, "magic"),
        ({"vectors_npy": as_npy(np.zeros((9, 8), "f4"))[:-1]}, "287 bytes for"),
        ({"vectors_npy": as_npy(np.zeros((9, 8), "f4"))}, r"shape \(9, 8\)"),
        ({"vectors_npy": as_npy(np.zeros((11, 8)))}, "float64"),
        ({"vectors_npy": as_npy(np.zeros(11, "f4"))}, r"shape \(11,\)"),
        ({"vectors_npy": as_npy(np.full((11, 8), 9, "f4"))}, "longer than 1"),
        ({"vectors_npy": as_npy(np.full((11, 8), np.nan, "f4"))}, "longer"),
        ({"vectors_npy": as_npy(np.array([{}]))}, "[Oo]bject"),
    ],
)
def test_damaged_parts(model, path, changes, words):
    message = refuse(write_zip_index(path, model, TEXTS, **changes), model)
    assert re.search(words, message)


def test_a_graph_is_not_read(model, path):
    write_zip_index(path, model, TEXTS, graph_usearch=b"nothing")
    assert Index.load(path, model).texts == TEXTS


def test_what_unpacks_to_too_much_is_not_read(model, path, monkeypatch):
    monkeypatch.setattr(zip_index, "_FREE_BYTES", 0)
    Index.load(path, model)
    monkeypatch.setattr(zip_index, "_MAX_RATIO", 0.5)
    assert "it must unpack to at most " in refuse(path, model)


def test_texts_that_an_older_version_compressed(model, path):
    write_zip_index(path, model, TEXTS, compression=8)
    assert Index.load(path, model).texts == TEXTS


def test_pickles_are_not_loaded(model, path, monkeypatch):
    import pickle

    called = []
    monkeypatch.setattr(pickle, "load", lambda *_, **__: called.append(1))
    content = as_npy(np.array([{}]))
    refuse(write_zip_index(path, model, TEXTS, vectors_npy=content), model)
    assert not called
