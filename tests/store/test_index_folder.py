"""Indexes on the disk: saved, opened, changed in their place, damaged."""

import contextlib
import os
import re
import sqlite3

import keras
import numpy as np
import pytest
from support.models import make_model
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.search import Index
from keras_mirror.store import compaction
from keras_mirror.store import store as store_module
from keras_mirror.store import vector_search
from keras_mirror.store.index_folder import archive_of_index

QUERIES = ["a man plays", "two dogs run", SENTENCES[3]]


@pytest.fixture
def path(model, tmp_path):
    index = Index(model)
    index.add(SENTENCES)
    index.save(tmp_path / "texts.index")
    return tmp_path / "texts.index"


def content(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def refuse(path, model):
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        Index.load(path, model).query(QUERIES[0], mode="hybrid")
    message = str(error.value)
    assert str(path) in message
    return message


@pytest.mark.parametrize("exact", [None, True, False])
def test_save_and_load(model, exact, tmp_path):
    index = Index(model, exact)
    metadata = [{"n": n} for n in range(13)]
    strings = [*SENTENCES, "", SENTENCES[2], "two\nlines\t\0"]
    index.add(strings, metadata=metadata)
    index.remove(["3"])
    index.save(tmp_path / "texts.index")
    loaded = Index.load(str(tmp_path / "texts.index"), model)
    assert os.listdir(tmp_path) == ["texts.index"]
    assert loaded.texts == index.texts
    assert loaded.exact is exact
    for mode in ("vector", "keyword", "hybrid"):
        found = [each.query(QUERIES, 12, mode=mode) for each in (index, loaded)]
        assert found[0] == found[1]
    for each in (index, loaded):
        each.add("one more")
    [found], [expected] = (
        each.query("one more", 3) for each in (loaded, index)
    )
    assert [each.id for each in found] == [each.id for each in expected]
    # One of them may have its vectors elsewhere: another last digit.
    similarities = [each.similarity for each in expected]
    assert [each.similarity for each in found] == pytest.approx(
        similarities, abs=1e-6
    )
    assert loaded.query("one more")[0][0].row == 13


def test_changes_are_on_the_disk_at_once(model, path):
    index = Index.load(path, model)
    other = Index.load(path, model)
    index.add(["a new text"], ids=["new"])
    assert len(other) == 11
    assert other.query("a new text", 1)[0][0].id == "new"
    other.upsert(["another text"], ids=["new"])
    other.remove("1")
    for each in (index, other, Index.load(path, model)):
        assert len(each) == 10
        assert each.query("another text", 1)[0][0].id == "new"
        assert each.texts == [*SENTENCES[1:], "another text"]
    index.save(path, overwrite=True)
    assert len(Index.load(path, model)) == 10


def test_vectors_are_a_file_of_numpy(model, path):
    index = Index.load(path, model)
    for number in (10, 11, 12):
        vectors = np.load(path / "vectors.npy")
        assert vectors.shape == (number, 8)
        index.add([f"text {number}"])
    expected = model.encode_text(SENTENCES)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors[:10], expected, atol=1e-5)


def test_only_approximate_indexes_have_signs(model, tmp_path):
    for exact in (None, True, False):
        index = Index(model, exact)
        index.add(SENTENCES)
        index.save(tmp_path / f"{exact}")
    names = [
        sorted(os.listdir(tmp_path / f"{exact}"))
        for exact in (None, True, False)
    ]
    assert names[0] == names[1] == ["documents.sqlite", "vectors.npy"]
    assert names[2] == ["documents.sqlite", "signs-1.bin", "vectors.npy"]


def test_signs_grow_with_the_texts(model, tmp_path, monkeypatch):
    monkeypatch.setattr(vector_search, "_NUM_CANDIDATES", 5)
    monkeypatch.setattr(vector_search, "_CANDIDATES_PER_NEIGHBOR", 5)
    index = Index(model, exact=False)
    index.add(texts(20))
    index.save(tmp_path / "texts.index")
    index = Index.load(tmp_path / "texts.index", model)
    for number in range(22):
        index.add([f"number {number} of them"])
        for text in index.texts[-7:]:
            [[result]] = index.query(text, k=1)
            assert result.similarity > 0.999
    names = sorted(os.listdir(tmp_path / "texts.index"))
    assert names == ["documents.sqlite", "signs-2.bin", "vectors.npy"]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("in_folder", [True, False])
def test_slots_of_removed_texts_are_given_back(
    model, tmp_path, monkeypatch, exact, in_folder
):
    monkeypatch.setattr(compaction, "FEW_REMOVED", 5)
    index = Index(model, exact)
    strings = [*texts(20), " ", *SENTENCES]
    index.add(strings, metadata=[{"n": n} for n in range(31)])
    other = index
    if in_folder:
        index.save(tmp_path / "texts.index")
        index = Index.load(tmp_path / "texts.index", model)
        other = Index.load(tmp_path / "texts.index", model)
        other.query("a man", k=1)  # has everything mapped
    for start in (1, 6, 11, 16):
        index.remove([str(number) for number in range(start, start + 5)])
        index.upsert(["a new text", SENTENCES[3]], ids=["new", f"id {start}"])
    assert index._store.settings.num_vectors < 30
    assert index.texts == [*strings[20:], "a new text", *[SENTENCES[3]] * 4]
    for each in (index, other):
        for text in index.texts:
            found = each.query(text, k=1) if text.strip() else []
            assert [r.text for [r] in found] == [text][: len(found)]
        [found] = each.query(SENTENCES[3], mode="keyword", k=1)
        assert found[0].text == SENTENCES[3]
        assert len(each.query("a man", k=99, where="n > 25")[0]) == 5
    if in_folder:
        files = os.listdir(tmp_path / "texts.index")
        assert len(files) == (2 if exact else 3)


def test_a_change_that_failed_gives_nothing_back(model, monkeypatch):
    monkeypatch.setattr(compaction, "FEW_REMOVED", 2)
    index = Index(model)
    index.add(SENTENCES)
    before = index.query("a man", k=10)

    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "write_settings", fail)
    with pytest.raises(KeyboardInterrupt):
        index.remove([str(number) for number in range(1, 8)])
    monkeypatch.undo()
    assert index.query("a man", k=10) == before
    index.add(["one more"])
    assert index.query("one more", k=1)[0][0].text == "one more"


def test_more_texts_than_are_looked_at(model, path, monkeypatch):
    monkeypatch.setattr(vector_search, "MAX_EXACT", 12)
    index = Index.load(path, model)
    index.add(texts(5))
    assert "signs-1.bin" in os.listdir(path)
    assert Index.load(path, model).query("a man", 3) == index.query("a man", 3)


def test_an_empty_index_is_saved(model, tmp_path):
    Index(model).save(tmp_path / "texts.index")
    loaded = Index.load(tmp_path / "texts.index", model)
    assert len(loaded) == 0 and loaded.query("a man") == [[]]
    loaded.add("a man")
    assert len(loaded.query("a man")[0]) == 1


def test_an_archives_index_is_the_models(model, path, tmp_path):
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert len(Index.load(path, loaded)) == 10


def test_refuses_another_encoder(model, path):
    keras.utils.set_random_seed(1)  # at 0 its weights can equal the model's
    other = make_model()
    message = (
        f"^'{path}' must be opened with the encoder that it was built with, "
        "of fingerprint [0-9a-f]{16}. Received: a model of fingerprint "
        "[0-9a-f]{16}. Load that encoder, or build the index again$"
    )
    with pytest.raises(ValueError, match=message):
        Index.load(path, other)
    other.set_weights(model.get_weights())
    assert len(Index.load(path, other)) == 10


def test_refuses_the_encoder_after_one_more_step(tmp_path):
    model = make_model()
    model.compile()
    index = Index(model)
    index.add(SENTENCES)
    index.save(tmp_path / "before")
    model.fit(texts(5), batch_size=5, epochs=1, verbose=0)
    index.save(tmp_path / "after")  # its vectors are those of before
    for name in ("before", "after"):
        with pytest.raises(ValueError, match="must be opened with the encoder"):
            Index.load(tmp_path / name, model)


def test_overwrites_only_when_asked(model, path):
    before = content(path)
    message = f"^'{path}' exists. Choose another path, or add overwrite=True$"
    index = Index(model)
    index.add("one text")
    with pytest.raises(FileExistsError, match=message):
        index.save(path)
    assert content(path) == before
    index.save(path, overwrite=True)
    assert len(Index.load(path, model)) == 1


def test_no_other_folder_is_overwritten(model, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(FileExistsError, match="is a folder but not an index"):
        Index(model).save(tmp_path / "mine", overwrite=True)
    assert os.listdir(tmp_path / "mine") == ["notes.txt"]
    model.save(tmp_path / "encoder.keras")
    with pytest.raises(FileExistsError, match="is a file or pipe but not an"):
        Index(model).save(tmp_path / "encoder.keras", overwrite=True)
    assert keras.saving.load_model(tmp_path / "encoder.keras")


def test_writes_all_or_nothing(model, path, monkeypatch):
    before = content(path)
    index = Index(model)
    index.add(SENTENCES[:3])

    def fail(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "write_settings", fail)
    for name in (path, path.with_name("new")):
        with pytest.raises(KeyboardInterrupt):
            index.save(name, overwrite=True)
    assert content(path) == before
    assert os.listdir(path.parent) == ["texts.index"]


def test_missing_index(model, tmp_path):
    with pytest.raises(FileNotFoundError):
        Index.load(tmp_path / "nothing", model)


def test_where_the_archive_is(model, tmp_path, monkeypatch):
    index = Index(model)
    index.add(SENTENCES)
    for folder in ("models", "searches"):
        (tmp_path / folder).mkdir()
    archive = tmp_path / "models" / "encoder.keras"
    path = tmp_path / "searches" / "texts.index"
    index.save(path, archive=archive)
    assert archive_of_index(path) == str(archive)
    (tmp_path / "elsewhere").mkdir()
    for folder in ("models", "searches"):
        (tmp_path / folder).rename(tmp_path / "elsewhere" / folder)
    moved = tmp_path / "elsewhere" / "searches" / "texts.index"
    elsewhere = tmp_path / "elsewhere" / "models" / "encoder.keras"
    assert archive_of_index(moved) == str(elsewhere)
    monkeypatch.chdir(tmp_path / "elsewhere")
    index.save("here.index", archive="encoder.keras")
    assert archive_of_index("here.index") == "encoder.keras"
    index.save("none.index")
    assert archive_of_index("none.index") is None


# === Damage ===


def changed(path, sql):
    with sqlite3.connect(path / "documents.sqlite") as connection:
        connection.executescript(sql)
    connection.close()
    return path


@pytest.mark.parametrize(
    "sql, words",
    [
        ("CREATE TABLE other (a)", "must have the tables of an index"),
        ("DROP TABLE removed", r"has others: \['removed'\]"),
        (
            "CREATE TRIGGER t AFTER INSERT ON texts BEGIN SELECT 1; END",
            r"has others: \['t'\]",
        ),
        ("CREATE VIEW v AS SELECT 1", r"has others: \['v'\]"),
        ("DELETE FROM settings", "format and version must be"),
        ("UPDATE settings SET value = '4' WHERE name = 'version'", "must be"),
        ("DELETE FROM settings WHERE name = 'exact'", "its settings must be"),
        ("INSERT INTO settings VALUES ('more', '1')", "its settings must be"),
        (
            "UPDATE settings SET value = '-1' WHERE name = 'num_vectors'",
            "num_vectors must not be '-1'",
        ),
        (
            "UPDATE settings SET value = '11' WHERE name = 'num_vectors'",
            "must hold 11 vectors, 480 bytes. Received: 448 bytes",
        ),
        (
            "UPDATE settings SET value = '99999999' WHERE name = 'num_vectors'",
            "must hold 99999999 vectors",
        ),
        (
            """UPDATE settings SET value = '"../v.npy"'
            WHERE name = 'vectors'""",
            "vectors must not be '../v.npy'",
        ),
        (
            """UPDATE settings SET value = '"other.npy"'
            WHERE name = 'vectors'""",
            "",
        ),
        ("UPDATE settings SET value = '[' WHERE name = 'signs'", ""),
        ("UPDATE settings SET value = x'ff' WHERE name = 'signs'", ""),
        (
            "UPDATE settings SET value = '[0.5, null]' WHERE name = 'center'",
            "center must not be '\\[0.5, None\\]'",
        ),
        ("UPDATE settings SET value = '16' WHERE name = 'embedding_dim'", ""),
        ("INSERT INTO removed VALUES (99)", "index 99 is out of bounds"),
    ],
)
def test_settings_that_lead_elsewhere(model, path, sql, words):
    assert re.search(words, refuse(changed(path, sql), model))


def test_damaged_bytes(model, path):
    whole = (path / "documents.sqlite").read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(40):
        broken = bytearray(whole)
        start = int(generator.integers(len(whole) - 60))
        broken[start : start + 60] = generator.bytes(60)
        (path / "documents.sqlite").write_bytes(broken)
        try:
            index = Index.load(path, model)
            for mode in ("vector", "keyword", "hybrid"):
                index.query(QUERIES, mode=mode)
            assert index.texts
        except ValueError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("name", ["documents.sqlite", "vectors.npy"])
@pytest.mark.parametrize("length", [0, 1, 100, -1, -300])
def test_cut_files(model, path, name, length):
    expected = Index.load(path, model).query(QUERIES, mode="hybrid")
    file = path / name
    file.write_bytes(file.read_bytes()[:length])
    try:
        index = Index.load(path, model)
        # SQLite does not miss the end of a page that has room.
        assert index.query(QUERIES, mode="hybrid") == expected
        assert index.texts == SENTENCES
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert (name, length < 0) == ("documents.sqlite", True)


def test_missing_files(model, path):
    (path / "vectors.npy").unlink()
    assert "vectors.npy" in refuse(path, model)
    (path / "documents.sqlite").unlink()
    assert "there is no documents.sqlite" in refuse(path, model)


def test_vectors_that_are_no_unit_vectors(model, path):
    vectors = np.load(path / "vectors.npy")
    for number in (np.nan, np.inf, 1e6):
        vectors[4] = number * model.encode_text(QUERIES[0])[0]
        np.save(path / "vectors.npy", vectors)
        refuse(path, model)


def test_damaged_signs(model, tmp_path):
    index = Index(model, exact=False)
    index.add(SENTENCES)
    index.save(tmp_path / "texts.index")
    signs = tmp_path / "texts.index" / "signs-1.bin"
    for damaged in (b"", b"nothing", signs.read_bytes()[:-5]):
        signs.write_bytes(damaged)
        refuse(tmp_path / "texts.index", model)
    signs.unlink()
    refuse(tmp_path / "texts.index", model)


@pytest.mark.parametrize("exact", [True, False])
def test_an_index_that_has_a_graph(model, exact, tmp_path):
    """Version 2: it is searched exactly until a change makes its signs."""

    def found(index):
        results = index.query([*QUERIES, "one more"], k=3)
        return [
            [(each.id, round(each.score, 4)) for each in one] for one in results
        ]

    path = tmp_path / "texts.index"
    index = Index(model, exact)
    index.add(SENTENCES)
    expected = found(index)
    index.save(path)
    (path / "graph-1.usearch").write_bytes(b"a graph")
    (path / "signs-1.bin").unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path / "documents.sqlite")) as file:
        file.executescript(
            """
            DELETE FROM settings WHERE name IN
                ('signs', 'num_signed', 'num_centered', 'center');
            UPDATE settings SET value = '2' WHERE name = 'version';
            UPDATE settings SET value = '1' WHERE name = 'file_number';
            INSERT INTO settings VALUES
                ('graph', '"graph-1.usearch"'), ('num_in_graph', '10');
            """
        )
    before = content(path)
    index = Index.load(path, model)
    assert found(index) == expected
    assert content(path) == before
    index.add("one more")
    assert found(Index.load(path, model)) == found(index)
    assert found(index) != expected
    signs = [] if exact else ["signs-2.bin"]
    kept = ["documents.sqlite", *signs, "vectors.npy"]
    assert set(kept) == set(os.listdir(path)) - {"graph-1.usearch"}
    assert exact or kept == sorted(os.listdir(path))


# === Other processes ===


def test_a_second_writer_waits_and_is_refused(model, path, monkeypatch):
    index = Index.load(path, model)
    other = Index.load(path, model)
    other._store.connection.set_busy_timeout(10)
    with index._store.change():
        with pytest.raises(BlockingIOError, match="being written by another"):
            other.add("a new text")
        assert other.query("a man", 1)  # who reads goes on
    other.add("a new text")
    assert len(index) == 11
