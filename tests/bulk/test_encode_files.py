"""Encoding into a folder of Parquet files, in this process."""

import json
import re

import fsspec
import numpy as np
import pyarrow.dataset
import pyarrow.parquet
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror.bulk import ArchiveEncoder
from keras_mirror.bulk import ShardPlan
from keras_mirror.bulk import encode_files
from keras_mirror.bulk.encode_files import ShardWriter

TEXTS = [*texts(45), "", "the same", "the same"]


@pytest.fixture(scope="module")
def model():
    return make_model(sequence_length=12)


@pytest.fixture(scope="module")
def archive(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "encoder.keras"
    model.save(path)
    return path


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("\n".join(TEXTS[:30]))
    rows = [json.dumps({"text": text}) for text in TEXTS[30:]]
    (tmp_path / "b.jsonl").write_text("\n".join(rows))
    return ("a.txt", "b.jsonl")


@pytest.fixture
def plan(paths):
    return ShardPlan(paths, rows_per_shard=8)


def read(folder):
    """The rows of a folder by id, as any reader of Parquet sees them."""
    table = pyarrow.dataset.dataset(folder).to_table()
    vectors = np.stack(table["vector"].to_numpy())
    return table["id"].to_pylist(), vectors


def content(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


# === What is written ===


def test_vectors_are_those_of_encode_text(model, archive, plan, tmp_path):
    counted = []
    done = encode_files(archive, plan, "out", on_progress=counted.append)
    ids, vectors = read("out")
    assert ids == [
        *(f"a.txt:{number}" for number in range(1, 31)),
        *(f"b.jsonl:{number}" for number in range(1, 19)),
    ]
    assert vectors.dtype == "float32"
    np.testing.assert_allclose(vectors, model.encode_text(TEXTS), atol=1e-6)
    cut = sum(len(x) > 10 for x in model.preprocessor.tokenize(TEXTS))
    assert cut
    assert done == {
        "num_texts": 48,
        "num_cut": cut,
        "num_shards": 7,
        "num_found": 0,
    }
    assert counted == [8, 8, 8, 6, 8, 8, 2]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *(f"00000-00000{number}.parquet" for number in range(4)),
        *(f"00001-00000{number}.parquet" for number in range(3)),
        "_SUCCESS",
        "_encoding.json",
    ]
    schema = pyarrow.parquet.read_schema("out/00000-000000.parquet")
    assert schema.field("vector").type.list_size == 8


def test_ids_of_a_column(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("number,title\n7,one\n8,two\n")
    plan = ShardPlan(("a.csv",), column="title", id_column="number")
    encode_files(archive, plan, "out")
    assert read("out")[0] == ["7", "8"]


def test_rows_without_an_id(archive, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "id": 1}\n{"text": "b", "id": null}\n')
    plan = ShardPlan((str(path),), id_column="id")
    with pytest.raises(ValueError, match=r"none in column 'id' of '.*', row 2"):
        encode_files(archive, plan, str(tmp_path / "out"))


def test_no_texts(archive, tmp_path):
    (tmp_path / "a.txt").write_text("")
    plan = ShardPlan((str(tmp_path / "a.txt"),))
    done = encode_files(archive, plan, str(tmp_path / "out"))
    assert done["num_texts"] == done["num_shards"] == 0
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_a_remote_folder(archive, plan):
    system = fsspec.filesystem("memory")
    encode_files(archive, plan, "memory://vectors")
    system.rm("/vectors/_SUCCESS")
    encode_files(archive, plan, "memory://vectors")
    names = [path.rpartition("/")[2] for path in system.ls("/vectors", False)]
    assert "_SUCCESS" in names and len(names) == 9
    done = encode_files(archive, plan, "memory://vectors")
    assert done["num_found"] == 7 and done["num_texts"] == 48
    system.rm("/vectors", recursive=True)


# === Going on ===


def test_a_complete_folder_is_not_read_for(archive, plan, monkeypatch):
    done = encode_files(archive, plan, "out")
    monkeypatch.setattr(ShardPlan, "shards", None)
    again = encode_files(archive, plan, "out")
    assert again == {**done, "num_found": 7}


def test_going_on_after_a_stop(archive, plan, tmp_path, monkeypatch):
    encode_files(archive, plan, "whole")
    write = ShardWriter.__call__
    names = []

    def stops_at_the_fourth(writer, shard):
        if len(names) == 3:
            raise KeyboardInterrupt
        names.append(shard.name)
        return write(writer, shard)

    with monkeypatch.context() as patch:
        patch.setattr(ShardWriter, "__call__", stops_at_the_fourth)
        with pytest.raises(KeyboardInterrupt):
            encode_files(archive, plan, "out")
    out = tmp_path / "out"
    assert {f"{name}.parquet" for name in names} == set(content(out))
    assert not (out / "_SUCCESS").exists()
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    (out / ".00000-000003.parquet.1.unfinished").write_bytes(b"half a file")

    counted = []
    done = encode_files(archive, plan, "out", on_progress=counted.append)
    assert done["num_found"] == 3 and done["num_texts"] == 48
    assert counted == [6, 8, 8, 2]
    assert content(out) == content(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == times[path] for path in times)
    assert not list(out.glob(".*"))


def test_a_file_that_is_half_written_does_not_count(
    archive, plan, tmp_path, monkeypatch
):
    def half(table, file, **options):
        file.write(b"PAR1")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pyarrow.parquet, "write_table", half)
        with pytest.raises(OSError, match="No space left"):
            encode_files(archive, plan, "out")
    assert content(tmp_path / "out") == {}
    assert encode_files(archive, plan, "out")["num_found"] == 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"rows_per_shard": 9}, "rows_per_shard 8, now 9"),
        ({"column": "text", "paths": ("b.jsonl",)}, "column None, now 'text'"),
        ({"errors": "replace"}, "errors 'strict', now 'replace'"),
    ],
)
def test_refuses_to_go_on_in_another_way(archive, plan, change, message):
    encode_files(archive, plan, "out")
    other = ShardPlan(**{"paths": plan.paths, "rows_per_shard": 8, **change})
    with pytest.raises(ValueError, match=f"begun in another way: .*{message}"):
        encode_files(archive, other, "out")


def test_refuses_to_go_on_with_other_files_or_another_archive(
    archive, plan, tmp_path
):
    encode_files(archive, plan, "out")
    other = tmp_path / "other.keras"
    make_model(sequence_length=10).save(other)
    with pytest.raises(ValueError, match="another way: archive_sha256 '"):
        encode_files(other, plan, "out")
    (tmp_path / "a.txt").write_text("one line")
    with pytest.raises(ValueError, match="the content of a.txt has changed"):
        encode_files(archive, plan, "out")


def test_refuses_other_texts_of_the_same_size(archive, plan, tmp_path):
    encode_files(archive, plan, "out")
    path = tmp_path / "a.txt"
    path.write_text(path.read_text().swapcase())
    with pytest.raises(ValueError, match="way: the content of a.txt has chang"):
        encode_files(archive, plan, "out")


def test_goes_on_in_a_folder_without_hashes(archive, plan, tmp_path):
    done = encode_files(archive, plan, "out")
    settings = tmp_path / "out" / "_encoding.json"
    begun = json.loads(settings.read_text())
    del begun["sha256"]
    settings.write_text(json.dumps(begun))
    (tmp_path / "out" / "_SUCCESS").write_text("")  # as it was then
    assert encode_files(archive, plan, "out") == {**done, "num_found": 7}


def _remove(shard):
    shard.unlink()


def _empty(shard):
    shard.write_bytes(b"")


def _cut(shard):
    shard.write_bytes(shard.read_bytes()[:-9])


def _damage(shard):
    damaged = bytearray(shard.read_bytes())
    footer = len(damaged) - 8 - int.from_bytes(damaged[-8:-4], "little")
    damaged[footer : footer + 20] = b"\xff" * 20
    shard.write_bytes(damaged)


def _replace(shard):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), shard)


@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize("harm", [_remove, _empty, _cut, _damage, _replace])
def test_a_shard_that_is_no_more_is_written_anew(
    archive, plan, tmp_path, harm, is_complete
):
    done = encode_files(archive, plan, "out")
    out = tmp_path / "out"
    written = content(out)
    harm(out / "00001-000001.parquet")
    if not is_complete:
        (out / "_SUCCESS").unlink()
    assert encode_files(archive, plan, "out") == {**done, "num_found": 6}
    assert content(out) == written


def test_refuses_a_folder_of_other_things(archive, plan, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    message = f"^A new or empty folder is expected. Received: '{tmp_path}/out'"
    with pytest.raises(ValueError, match=message):
        encode_files(archive, plan, "out")
    assert [x.name for x in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_refuses_another_engine(archive, plan):
    with pytest.raises(ValueError, match="one of local, ray. Received: .*spa"):
        encode_files(archive, plan, "out", engine="spark")


def test_vectors_do_not_depend_on_what_came_before(archive, tmp_path):
    """To the last bit, in whatever order and company shards are encoded."""
    lines = [" ".join(["word"] * (1 + i % 7)) + str(i) for i in range(400)]
    (tmp_path / "all.txt").write_text("\n".join(lines))
    (tmp_path / "last.txt").write_text("\n".join(lines[300:]))
    from keras_mirror.bulk import archive_encoder

    for name in ("last", "all"):
        archive_encoder._load.cache_clear()  # as in a new process
        plan = ShardPlan((f"{tmp_path}/{name}.txt",), rows_per_shard=100)
        encode_files(archive, plan, str(tmp_path / name))
    last = read(tmp_path / "last")[1]
    np.testing.assert_array_equal(read(tmp_path / "all")[1][300:], last)


# === ArchiveEncoder ===


def test_batches_of_engines(model, archive):
    encoder = ArchiveEncoder(archive)
    batch = {"text": np.array(TEXTS, dtype=object), "id": np.arange(48)}
    encoded = encoder(batch)
    assert list(encoded) == ["text", "id", "vector"]
    expected = model.encode_text(TEXTS)
    np.testing.assert_allclose(encoded["vector"], expected, atol=1e-6)
    assert "vector" not in batch


def test_data_frames(model, archive):
    import pandas

    encoder = ArchiveEncoder(archive, "title", "embedding")
    frame = pandas.DataFrame({"title": TEXTS, "id": range(48)})
    encoded = encoder(frame)
    assert list(encoded.columns) == ["title", "id", "embedding"]
    expected = model.encode_text(TEXTS)
    np.testing.assert_allclose(
        np.stack(encoded["embedding"]), expected, atol=1e-6
    )
    assert len(encoder(frame[:0])) == 0


def test_a_missing_text_is_empty(model, archive):
    vectors = ArchiveEncoder(archive)({"text": [None, "a"]})["vector"]
    np.testing.assert_allclose(vectors, model.encode_text(["", "a"]), atol=1e-6)


def test_a_missing_column(archive):
    with pytest.raises(KeyError, match="the column 'text'. Received: .* 'id'"):
        ArchiveEncoder(archive)({"id": [1]})


def test_a_worker_that_does_not_see_the_archive(tmp_path):
    encoder = ArchiveEncoder(tmp_path / "missing.keras")
    with pytest.raises(
        FileNotFoundError, match="a path that all of them can read"
    ):
        encoder({"text": ["a"]})


def test_what_travels_is_the_path(archive):
    import pickle

    assert len(pickle.dumps(ArchiveEncoder(archive))) < 1000


# === At the command line ===


def test_encode_into_a_folder(command, model, archive, paths):
    options = ["--rows-per-file", 8, "--output", "out"]
    code, _, errors = command("encode", archive, *paths, *options)
    assert code == 0, errors
    told = re.sub(" +", " ", errors)
    for line in ("texts 48", "files 7, 0 were there", "vectors out"):
        assert line in told
    vectors = read("out")[1]
    np.testing.assert_allclose(vectors, model.encode_text(TEXTS), atol=1e-6)
    code, _, errors = command("encode", archive, *paths, *options)
    assert code == 0 and "7, 7 were there" in errors


def test_encode_several_files_into_an_array(command, model, archive, paths):
    code, _, errors = command("encode", archive, *paths, "--output", "v.npy")
    assert code == 0, errors
    vectors = np.load("v.npy")
    np.testing.assert_allclose(vectors, model.encode_text(TEXTS), atol=1e-6)


@pytest.mark.parametrize(
    "options, code, message",
    [
        (
            ["--output", "v.npz"],
            2,
            "must end in .npy, or be a folder. Received",
        ),
        (
            ["--output", "v.npy", "--engine", "ray"],
            2,
            "--engine needs a folder as --output",
        ),
        (
            ["--output", "v.npy", "--rows-per-file", 9],
            2,
            "--rows-per-file needs",
        ),
        (
            ["--output", "o", "--id-column", "id"],
            2,
            "Columns can be read only from",
        ),
        (["--output", "."], 2, "A new or empty folder is expected"),
    ],
)
def test_wrong_use(command, archive, paths, options, code, message):
    found, _, errors = command("encode", archive, *paths, *options)
    assert (found, errors.count("\n")) == (code, 1) and message in errors


def test_damaged_content_is_a_failure(command, archive, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\n\xff\n")
    code, _, errors = command(
        *["encode", archive, tmp_path / "a.txt"],
        *["--output", tmp_path / "out"],
    )
    assert code == 1 and "line 2 is not UTF-8" in errors


@pytest.mark.parametrize("again", ["a.txt", "./a.txt"])
def test_a_file_that_is_given_twice(paths, again):
    with pytest.raises(
        ValueError, match="file only once, .* Received: '.*a.txt' tw"
    ):
        ShardPlan((*paths, again))


def test_ids_that_are_the_same(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,a\n2,b\n2,c\n")
    plan = ShardPlan((str(path),), "text", "id")
    with pytest.raises(
        ValueError, match="a different id. Received: '2' twice in "
    ):
        list(plan.shards(0))


@pytest.mark.parametrize("value", [0, -1, 2.0, True])
@pytest.mark.parametrize(
    "name", ["rows_per_shard", "batch_size", "num_workers"]
)
def test_counts_that_would_encode_nothing(paths, tmp_path, name, value):
    message = f"^`{name}` must be a positive integer. Received: {name}={value}"
    options = {name: value}
    rows = {"rows_per_shard": options.pop("rows_per_shard", 8)}
    with pytest.raises(ValueError, match=message):
        plan = ShardPlan(paths, **rows)
        encode_files("no.keras", plan, tmp_path / "vectors", **options)
    assert not (tmp_path / "vectors").exists()
