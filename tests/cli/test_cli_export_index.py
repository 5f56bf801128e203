import sys

import pytest
from support.texts import SENTENCES

from keras_mirror.search import Index
from keras_mirror.store.arrow import SUFFIXES


@pytest.fixture
def index(model, tmp_path):
    path = tmp_path / "texts.index"
    index = Index(model)
    years = [{"year": 2000 + row} for row in range(len(SENTENCES))]
    index.add(SENTENCES, metadata=years)
    index.save(path)
    return path


@pytest.mark.parametrize("format", [None, *SUFFIXES])
def test_an_index_is_exported(
    command, model, index, tmp_path, monkeypatch, format
):
    feather = pytest.importorskip("pyarrow.feather")
    parquet = pytest.importorskip("pyarrow.parquet")
    # Nothing is encoded, and Keras is not started.
    monkeypatch.setattr("keras_mirror.cli.export.start_keras", None)
    output = tmp_path / f"texts{SUFFIXES[format or 'parquet']}"
    options = ["--format", format] if format else []
    arguments = ["export", index, "--output", output, *options]
    code, screen, errors = command(*arguments)
    assert (code, screen) == (0, ""), errors
    told = " ".join(errors.split())
    assert f"format {format or 'parquet'} rows 10 dimensions 8" in told
    read = feather.read_table if format == "arrow" else parquet.read_table
    expected = Index.load(index, model).to_arrow()
    assert read(output).equals(expected) and expected.num_rows == 10
    output.write_text("mine")
    code, _, errors = command(*arguments)
    assert code == 2 and "Choose another --output, or add --over" in errors
    assert output.read_text() == "mine"
    assert command(*arguments, "--overwrite")[0] == 0
    assert read(output).equals(expected)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["{index}", "--output", "t.onnx", "--format", "onnx"],
            "--format onnx is for a MODEL. '{index}' is an index: give "
            "--format parquet or arrow",
        ),
        (
            ["{index}", "--output", "t.csv"],
            "--output must end in .parquet. Received: t.csv",
        ),
        (
            ["model.keras", "--output", "t.parquet", "--format", "parquet"],
            "--format parquet is for an INDEX. Received: 'model.keras'",
        ),
        (
            ["{index}", "--output", "t.parquet", "--int8"],
            "--int8 is for a MODEL, not for an index",
        ),
        (
            ["{index}", "--output", "t.parquet", "--no-normalize"],
            "--normalize is for a MODEL, not for an index",
        ),
        (
            ["{index}", "--output", "t.parquet", "--backend", "jax"],
            "--backend is for a MODEL, not for an index",
        ),
    ],
)
def test_wrong_use_of_an_export(
    command, index, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").touch()
    arguments = [each.format(index=index) for each in arguments]
    code, screen, errors = command("export", *arguments)
    assert (code, screen, errors.count("\n")) == (2, "", 1)
    assert message.format(index=index) in errors
    assert len(list(tmp_path.iterdir())) == 2


def test_the_extra_is_named(command, index, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, errors = command(
        "export", index, "--output", tmp_path / "t.parquet"
    )
    assert code == 1 and 'pip install "keras-mirror[files]"' in errors


def test_a_damaged_index_is_told(command, index, tmp_path):
    output = tmp_path / "t.parquet"
    (index / "vectors.npy").write_bytes(b"")
    code, _, errors = command("export", index, "--output", output)
    assert code == 2 and "must hold 10 vectors, 448 bytes. Receiv" in errors
    assert not output.exists()
