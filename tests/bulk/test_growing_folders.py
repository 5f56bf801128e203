"""Folders of vectors whose texts have grown, or changed."""

import gzip
import json
import pathlib

import numpy as np
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest
from support.texts import texts

from keras_mirror.bulk import ShardPlan
from keras_mirror.bulk import encode_files
from keras_mirror.bulk.encode_files import ShardWriter
from keras_mirror.bulk.shard_folder import ShardFolder

TEXTS = texts(25)
OUT = pathlib.Path("out")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("a.txt", TEXTS[:10])
    write("b.txt", TEXTS[:3])


@pytest.fixture
def encode(archive):
    def call(*paths, **options):
        plan = ShardPlan(paths or ("a.txt", "b.txt"), rows_per_shard=4)
        return encode_files(archive, plan, "out", **options)

    return call


@pytest.fixture
def holds(model):
    """Whether the folder has the first texts of files, in order."""

    def check(numbers):
        table = pyarrow.dataset.dataset("out").to_table()
        rows = [(name, n) for name in numbers for n in range(numbers[name])]
        assert table["id"].to_pylist() == [
            f"{name}:{n + 1}" for name, n in rows
        ]
        np.testing.assert_allclose(
            np.stack(table["vector"].to_numpy()),
            model.encode_text([TEXTS[n] for _, n in rows]),
            atol=1e-6,
        )
        assert (OUT / "_SUCCESS").exists()

    return check


@pytest.fixture
def stop_after(encode, monkeypatch):
    """Encodes a number of shards, and is interrupted."""

    def call(number, *paths):
        write_shard, left = ShardWriter.__call__, [None] * number

        def write_or_stop(writer, shard):
            if not left:
                raise KeyboardInterrupt
            left.pop()
            return write_shard(writer, shard)

        with monkeypatch.context() as patch:
            patch.setattr(ShardWriter, "__call__", write_or_stop)
            with pytest.raises(KeyboardInterrupt):
                encode(*paths)

    return call


def write(name, rows):
    path = pathlib.Path(name)
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(pyarrow.table({"text": rows}), path)
    elif name.endswith(".gz"):
        objects = (json.dumps({"text": row}) for row in rows)
        path.write_bytes(gzip.compress("\n".join(objects).encode()))
    else:
        path.write_text("\n".join(rows))


def shards():
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in OUT.glob("*.parquet")
    }


# === New rows and new files ===


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl.gz", "a.parquet"])
def test_only_what_is_new_is_encoded(name, encode, holds):
    paths = (name, "b.txt")
    write(name, TEXTS[:10])
    encode(*paths)
    before, counted = shards(), []
    write(name, TEXTS[:20])
    write("c.txt", TEXTS[:5])
    done = encode(*paths, "c.txt", on_progress=counted.append)
    assert counted == [4, 4, 2, 4, 1]
    assert (done["num_texts"], done["num_found"]) == (28, 4)
    holds({name: 20, "b.txt": 3, "c.txt": 5})
    assert before.items() <= shards().items()
    again = shards()
    assert encode(*paths, "c.txt")["num_found"] == 9
    assert shards() == again


def test_growing_again_and_again(encode, holds):
    for number in (10, 11, 12, 17, 25):
        write("a.txt", TEXTS[:number])
        encode()
        holds({"a.txt": number, "b.txt": 3})


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_growing_before_the_first_end(number, encode, stop_after, holds):
    stop_after(number)
    write("a.txt", TEXTS[:14])
    encode()
    holds({"a.txt": 14, "b.txt": 3})


def test_growing_on_the_way(encode, stop_after, holds):
    encode()
    write("a.txt", TEXTS[:17])
    stop_after(1)
    assert not (OUT / "_SUCCESS").exists()
    write("a.txt", TEXTS[:23])
    stop_after(1)
    encode()
    holds({"a.txt": 23, "b.txt": 3})


def test_where_a_file_ended_is_remembered(encode, holds):
    encode()
    write("a.txt", TEXTS[:17])
    encode()
    holds({"a.txt": 17, "b.txt": 3})
    (OUT / "00000-000002.parquet").unlink()  # two rows, not four
    assert encode()["num_found"] == 5
    holds({"a.txt": 17, "b.txt": 3})


# === Other changes ===


def _longer_last_row():
    write("a.txt", [*TEXTS[:9], TEXTS[9] + " and more", *TEXTS[10:12]])


def _other_row():
    write("a.txt", [*TEXTS[:4], "another", *TEXTS[5:20]])


def _fewer_rows():
    write("a.txt", TEXTS[:9])


@pytest.mark.parametrize("change", [_longer_last_row, _other_row, _fewer_rows])
def test_other_changes_are_refused(change, encode):
    encode()
    before = shards()
    change()
    message = (
        r"begun in another way: the content of a.txt has changed, and not only "
        r"by new rows at its end. Choose .* `overwrite` \(`--overwrite`\)$"
    )
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            encode()
    assert shards() == before and (OUT / "_SUCCESS").exists()


def test_files_are_added_at_the_end(encode):
    encode()
    write("c.txt", TEXTS)
    with pytest.raises(ValueError, match=r"\]: new files must come last\."):
        encode("a.txt", "c.txt", "b.txt")


def test_rows_of_shards_without_hashes_are_not_known(encode, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("keras_mirror.bulk.shard_folder.DIGEST", b"other")
        encode()
    write("a.txt", TEXTS[:12])
    with pytest.raises(ValueError, match="the content of a.txt has changed"):
        encode()


def test_a_prompt_that_is_left_out_is_refused(encode):
    encode()
    settings = json.loads((OUT / "_encoding.json").read_text())
    settings["prompt"] = "query"
    (OUT / "_encoding.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match="prompt 'query', now None"):
        encode()


def test_a_folder_without_shards_is_begun_anew(encode, holds):
    with pytest.raises(ValueError, match="must be the name of a prompt"):
        encode(prompt="wrong")
    encode()
    holds({"a.txt": 10, "b.txt": 3})


# === Overwriting ===


def test_overwriting_begins_anew(encode, stop_after, holds):
    write("a.txt", ["other"] * 20)
    encode()
    write("a.txt", TEXTS[:10])
    encode(overwrite=True)
    holds({"a.txt": 10, "b.txt": 3})
    before = shards()
    assert encode(overwrite=True)["num_found"] == 4
    assert shards() == before


def test_overwriting_what_was_stopped(encode, holds, monkeypatch):
    write("a.txt", ["other"] * 10)
    encode()
    write("a.txt", TEXTS[:10])
    with monkeypatch.context() as patch:
        patch.setattr(ShardFolder, "clear", None)
        with pytest.raises(TypeError):
            encode(overwrite=True)
    with pytest.raises(ValueError, match="the content of a.txt has changed"):
        encode()
    encode(overwrite=True)
    holds({"a.txt": 10, "b.txt": 3})


def test_overwriting_nothing_of_others(encode):
    OUT.mkdir()
    write("out/1.parquet", TEXTS)
    with pytest.raises(ValueError, match="which holds something else"):
        encode(overwrite=True)
    assert len(shards()) == 1


def test_overwriting_at_the_command_line(command, archive, holds):
    arguments = ["encode", archive, "a.txt", "--output", "out"]
    write("a.txt", TEXTS[2:8])
    assert command(*arguments)[0] == 0
    write("a.txt", TEXTS[:10])
    code, _, errors = command(*arguments)
    assert code == 2 and "(`--overwrite`)" in errors
    assert command(*arguments, "--overwrite")[0] == 0
    holds({"a.txt": 10})


# === While it is encoded ===


def test_a_file_that_changes_meanwhile(encode, holds):
    def append(_):
        write("b.txt", TEXTS[:9])

    with pytest.raises(ValueError, match="Received: 'b.txt', which has chang"):
        encode(on_progress=append)
    assert not (OUT / "_SUCCESS").exists()
    encode()
    holds({"a.txt": 10, "b.txt": 9})


def test_rows_are_counted(encode, holds):
    def lose(_):
        (OUT / "00000-000000.parquet").unlink(missing_ok=True)

    with pytest.raises(ValueError, match="Received: 13 texts, 9 rows. Run"):
        encode(on_progress=lose)
    assert not (OUT / "_SUCCESS").exists()
    encode()
    holds({"a.txt": 10, "b.txt": 3})


def test_rows_of_finished_shards_are_counted(encode):
    encode()
    place = OUT / "00000-000001.parquet"
    place.unlink()
    (OUT / "00000-000002.parquet").rename(place)
    with pytest.raises(ValueError, match="000001 must have 4 rows, .*: 2. Rem"):
        encode()
