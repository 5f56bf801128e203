"""Indexes as tables of Arrow, and the databases that read them."""

import numpy as np
import pytest
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.search import Index
from keras_mirror.store import arrow as module
from keras_mirror.store.arrow import SUFFIXES
from keras_mirror.store.arrow import write_arrow

pa = pytest.importorskip("pyarrow", reason="the extra [files] is missing")

METADATA = [
    {"by": "mail", "year": 2026, "share": 0.5, "seen": True, "mixed": 1},
    {"by": None, "year": None, "share": 3, "seen": None, "mixed": "two"},
    None,
    {"by": "web", "seen": False, "mixed": True, "none": None, "TEXT": "t"},
    {"large": 2**70, "share": 2**60 + 1, "year": -(2**63), "mixed": 0.5},
    {"by": "", "id": "inner", "größe 1": "ü", "large": 1},
]


def make_index(model, where, tmp_path):
    """With rows that have gone, a blank one, and a text that comes twice."""
    index = Index(model)
    index.add(
        ["gone", *SENTENCES[:3], "gone too", "  ", SENTENCES[0], "a\tman\n"],
        ids=[f"n{number}" for number in range(8)],
        metadata=[
            {"gone": 1},
            *METADATA[:3],
            {"year": "gone"},
            *METADATA[3:],
        ],
    )
    if where == "in a folder":
        index.save(tmp_path / "texts.index")
        index = Index.load(tmp_path / "texts.index", model)
    index.remove(["n0", "n4"])
    return index


@pytest.fixture(params=["in memory", "in a folder"])
def index(request, model, tmp_path):
    return make_index(model, request.param, tmp_path)


def read(path, format):
    if format == "parquet":
        import pyarrow.parquet as parquet

        return parquet.read_table(path)
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


# Rows have the metadata above, the fourth no vector.
COLUMNS = {
    "id": ["n1", "n2", "n3", "n5", "n6", "n7"],
    "text": [*SENTENCES[:3], "  ", SENTENCES[0], "a\tman\n"],
    "by": ["mail", None, None, "web", None, ""],
    "year": [2026, None, None, None, -(2**63), None],
    "share": [0.5, 3.0, None, None, 2.0**60, None],
    "seen": [True, None, None, False, None, None],
    "mixed": ["1", "two", None, "true", "0.5", None],
    "none": [None] * 6,
    "metadata_TEXT": [None, None, None, "t", None, None],
    "large": [None, None, None, None, "1180591620717411303424", "1"],
    "metadata_id": [None, None, None, None, None, "inner"],
    "größe 1": [None, None, None, None, None, "ü"],
}
TYPES = {"year": "int64", "share": "double", "seen": "bool"}


@pytest.mark.parametrize("num_rows", [1, 4, 10_000])
@pytest.mark.parametrize("format", [None, *SUFFIXES])
def test_a_table_is_the_index(index, tmp_path, monkeypatch, format, num_rows):
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", num_rows)
    table = index.to_arrow()
    if format:
        path = tmp_path / f"texts{SUFFIXES[format]}"
        write_arrow(index._store, path, format)
        assert read(path, format).equals(table)
        table = read(path, format)
    assert table.column_names == [*COLUMNS, "vector"]
    for name, values in COLUMNS.items():
        assert table[name].to_pylist() == values
        assert str(table[name].type) == TYPES.get(name, "string")
    assert table["vector"].type == pa.list_(pa.float32(), 8)
    vectors = table["vector"].to_pylist()
    assert [vector is None for vector in vectors] == [0, 0, 0, 1, 0, 0]
    with_vector = [0, 1, 2, 4, 5]
    stored = index._store.embeddings()
    slots = [slot for _, slot in index._store.documents if slot >= 0]
    found = np.array([vectors[row] for row in with_vector], "float32")
    assert found.tobytes() == stored[slots].tobytes()
    assert vectors[0] == vectors[4]


def test_batches_have_so_many_rows(index, monkeypatch):
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 4)
    rows = module.ArrowRows(index._store)
    assert [batch.num_rows for batch in rows] == [4, 2]
    assert len(rows) == 6


def test_later_changes_do_not_show(index):
    rows = module.ArrowRows(index._store)
    index.upsert(["new", "newer"], ids=["n1", "n9"])
    index.remove("n2")
    table = pa.Table.from_batches(list(rows))
    assert table["id"].to_pylist() == ["n1", "n2", "n3", "n5", "n6", "n7"]
    assert table["text"][0].as_py() == SENTENCES[0]


@pytest.mark.parametrize("format", SUFFIXES)
def test_an_index_that_is_empty(model, tmp_path, format):
    index = Index(model)
    path = tmp_path / "empty"
    write_arrow(index._store, path, format)
    for table in (index.to_arrow(), read(path, format)):
        assert table.num_rows == 0
        assert table.column_names == ["id", "text", "vector"]
        assert table.schema.field("vector").type.list_size == 8
    index.add("a man")
    index.remove("1")
    assert index.to_arrow().num_rows == 0


# === Databases ===


@pytest.fixture
def parquet_file(model, tmp_path):
    index = Index(model)
    lines = [*SENTENCES, *texts(30), " "]
    metadata = [{"year": 2000 + row} for row in range(len(lines))]
    index.add(lines, metadata=metadata)
    path = tmp_path / "texts.parquet"
    write_arrow(index._store, path, "parquet")
    return index, path


def query(model):
    return model.encode_text(SENTENCES[2])[0].tolist()


def test_duckdb_finds_what_the_index_finds(model, parquet_file):
    duckdb = pytest.importorskip("duckdb")
    index, path = parquet_file
    rows = duckdb.execute(
        "SELECT id, text, array_cosine_similarity(vector::FLOAT[8], "
        f"?::FLOAT[8]) AS cosine FROM '{path}' WHERE year < 2020 AND vector "
        "IS NOT NULL ORDER BY cosine DESC LIMIT 5",
        [query(model)],
    ).fetchall()
    [expected] = index.query(SENTENCES[2], k=5, where="year < 2020")
    assert [row[:2] for row in rows] == [(x.id, x.text) for x in expected]
    for (*_, cosine), result in zip(rows, expected, strict=True):
        assert cosine == pytest.approx(result.similarity, abs=1e-5)


def test_lancedb_finds_what_the_index_finds(model, parquet_file, tmp_path):
    # 180 MB where installed: too large for [test].
    lancedb = pytest.importorskip("lancedb", reason="lancedb is not installed")
    index, _ = parquet_file
    table = lancedb.connect(tmp_path / "lance").create_table(
        "texts", index.to_arrow(), on_bad_vectors="drop"
    )
    assert table.count_rows() == 40  # the blank one has no vector
    found = table.search(query(model)).metric("cosine").where("year < 2020")
    rows = found.limit(5).to_list()
    [expected] = index.query(SENTENCES[2], k=5, where="year < 2020")
    assert [row["id"] for row in rows] == [each.id for each in expected]
    for row, result in zip(rows, expected, strict=True):
        assert 1 - row["_distance"] == pytest.approx(
            result.similarity, abs=1e-5
        )
