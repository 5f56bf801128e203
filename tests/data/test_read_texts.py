"""Texts out of compressed files, remote ones, and columns of tables."""

import bz2
import csv
import gzip
import io
import json
import lzma

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from support.texts import SENTENCES

from keras_mirror import mirror_dataset
from keras_mirror.data import read_identified_texts
from keras_mirror.data import read_lines
from keras_mirror.data import read_rows
from keras_mirror.data import read_texts
from keras_mirror.data.read_columns import ROWS_AT_ONCE
from keras_mirror.data.read_columns import read_columns

COMPRESS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
TEXTS = [*SENTENCES, "", 'a "quoted", text', '"Hello', "one\ttwo"]
LINES = "\n".join(TEXTS).encode()


def json_lines(texts, name="text"):
    return b"".join(json.dumps({name: x}).encode() + b"\n" for x in texts)


def parquet(texts, name="text"):
    file = io.BytesIO()
    table = pa.table({"id": range(len(texts)), name: texts})
    pyarrow.parquet.write_table(table, file, row_group_size=3)
    return file.getvalue()


def comma_separated(texts, name="text"):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["id", name], *enumerate(texts)])
    return file.getvalue().encode()


def tab_separated(texts, name="text"):
    rows = [("id", name), *enumerate(texts)]
    return "".join(f"{number}\t{text}\n" for number, text in rows).encode()


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write


# === Compressed files ===


@pytest.mark.parametrize("ending", COMPRESS)
def test_lines_of_compressed_files(write, ending):
    path = write(f"texts.txt{ending}", COMPRESS[ending](LINES))
    assert list(read_lines(path)) == TEXTS


@pytest.mark.parametrize("ending", COMPRESS)
def test_parts_that_were_compressed_alone(write, ending):
    parts = [COMPRESS[ending](part) for part in (b"a\nb", b"c\n")]
    path = write(f"texts{ending}", b"".join(parts))
    assert list(read_lines(path)) == ["a", "bc"]


@pytest.mark.parametrize("ending", COMPRESS)
def test_json_lines_of_compressed_files(write, ending):
    content = COMPRESS[ending](json_lines(TEXTS))
    assert list(read_texts(write(f"t.jsonl{ending}", content))) == TEXTS


@pytest.mark.parametrize("ending", COMPRESS)
@pytest.mark.parametrize("damage", ["another kind", "cut"])
def test_damaged_files_are_refused(write, ending, damage):
    random = np.random.default_rng(0).bytes(300_000)
    whole = COMPRESS[ending](random.replace(b"\n", b""))
    content = LINES if damage == "another kind" else whole[:-1000]
    path = write(f"texts{ending}", content)
    message = rf"^'{path}' cannot be decompressed: .*undamaged \{ending} file"
    with pytest.raises(ValueError, match=message):
        list(read_lines(path, errors="replace"))


# === Remote files ===


@pytest.fixture
def remote():
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/", recursive=True)


def test_lines_of_remote_files(remote):
    remote.pipe("/folder/texts.txt.gz", gzip.compress(LINES))
    address = "memory://folder/texts.txt.gz"
    assert list(read_lines(address)) == TEXTS


def test_parquet_of_remote_files(remote):
    remote.pipe("/texts.parquet", parquet(TEXTS))
    assert list(read_texts("memory://texts.parquet")) == TEXTS


def test_training_on_remote_files(remote, tmp_path):
    from support.models import make_model

    remote.pipe("/texts.txt", LINES)
    dataset = mirror_dataset(
        "memory://texts.txt", make_model().preprocessor, batch_size=6
    )
    assert len(dataset) == 2


@pytest.mark.parametrize(
    "address, error, message",
    [
        ("memory://missing.txt", FileNotFoundError, "which is missing"),
        ("nowhere://texts.txt", ValueError, "Protocol not known: nowhere"),
    ],
)
def test_addresses_of_nothing(address, error, message):
    with pytest.raises(error, match=message):
        read_lines(address)


# === Columns ===

WRITERS = {
    "texts.jsonl": json_lines,
    "texts.ndjson": json_lines,
    "texts.json": json_lines,
    "texts.PARQUET": parquet,
    "texts.csv": comma_separated,
    "texts.tsv": tab_separated,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_named_column(write, name):
    texts = TEXTS[:-1] if name == "texts.tsv" else TEXTS
    path = write(name, WRITERS[name](texts, "the title"))
    assert list(read_texts(path, column="the title")) == texts


@pytest.mark.parametrize("name", ["texts.jsonl", "texts.parquet"])
def test_the_column_text_unless_told(write, name):
    content = {"texts.jsonl": json_lines, "texts.parquet": parquet}
    assert list(read_texts(write(name, content[name](TEXTS)))) == TEXTS


@pytest.mark.parametrize("name", ["texts", "texts.txt", "texts.dat"])
def test_lines_of_other_files(write, name):
    assert list(read_texts(write(name, LINES))) == TEXTS


@pytest.mark.parametrize("name", WRITERS)
def test_the_likely_column_is_named(write, name):
    path = write(name, WRITERS[name](["a man", "a woman"], "body"))
    names = "'body'" if "j" in name else "'id', 'body'"
    advice = r"; or rename it to end in \.txt, if every line is a text"
    advice = advice if name in ("texts.csv", "texts.tsv") else ""
    message = (
        rf"^'{path}' has columns. Name the column of the texts with `column` "
        rf"\(`--column`\), probably 'body'{advice}. Received: none of {names}$"
    )
    with pytest.raises(ValueError, match=message):
        read_texts(path)  # at once


def test_a_table_that_cannot_be_read_is_no_file_of_lines(write):
    path = write("texts.csv", b"")
    with pytest.raises(ValueError, match=": none of no columns$"):
        read_texts(path)
    path = write("texts.csv", b"It rains, it pours\nThe old man, is, snoring\n")
    with pytest.raises(ValueError, match=r"rename it to end in \.txt"):
        read_texts(path)


def test_pairs_of_texts_are_no_columns(write):
    path = write("pairs.TSV", b'a "man\ta guy\na woman\n')
    expected = [('a "man', "a guy"), "a woman"]
    assert list(read_texts(path, pairs=True)) == expected
    with pytest.raises(ValueError, match="has columns. Name the"):
        read_texts(write("pairs.csv", b"a\tb\n"), pairs=True)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_several_columns_are_joined(write, name):
    content = b'subject,body,"a,b"\nhello,"a man",both\n,a woman,\n'
    rows = [("hello", "a man", "both"), (None, "a woman", None)]
    names = ["subject", "body", "a,b"]
    if name == "a.jsonl":
        rows = [dict(zip(names, row, strict=True)) for row in rows]
        content = "\n".join(map(json.dumps, rows)).encode()
    elif name == "a.parquet":
        file = io.BytesIO()
        columns = [list(column) for column in zip(*rows, strict=True)]
        pyarrow.parquet.write_table(pa.table(columns, names=names), file)
        content = file.getvalue()
    path = write(name, content)
    texts = list(read_texts(path, column="subject, body"))
    assert texts == ["hello a man", "a woman"]
    assert list(read_texts(path, column="a,b")) == ["both", ""]
    rows = list(read_rows(path, ["body,subject", "body"]))
    assert rows == [("a man hello", "a man"), ("a woman", "a woman")]
    with pytest.raises(ValueError, match="has no column 'title'"):
        list(read_texts(path, column="subject,title"))


def test_numbers_are_not_joined(write):
    path = write("a.jsonl", b'{"id": 0, "text": "a"}')
    with pytest.raises(ValueError, match="must hold text. Received: 0 of type"):
        list(read_texts(path, column="id,text"))


def test_files_of_several_kinds_follow_each_other(write):
    paths = [write("a.jsonl", json_lines("ab")), write("b.txt", b"c\nd")]
    assert list(read_texts(*paths)) == ["a", "b", "c", "d"]


def test_parquet_is_read_in_pieces(write):
    texts = list(map(str, range(2 * ROWS_AT_ONCE + 1)))
    assert list(read_texts(write("texts.parquet", parquet(texts)))) == texts


@pytest.mark.parametrize("name", WRITERS)
def test_columns_in_the_order_asked(write, name):
    path = write(name, WRITERS[name](["a", "b"]))
    asked = ["text", "id"]
    if "j" in name:
        asked = ["text", "text"]
    rows = list(read_columns(path, asked))
    assert [row[0] for row in rows] == ["a", "b"]
    assert [str(row[1]) for row in rows] == (
        ["a", "b"] if "j" in name else ["0", "1"]
    )


@pytest.mark.parametrize("name", ["texts.jsonl", "texts.parquet"])
def test_missing_values_are_empty(write, name):
    content = {"texts.jsonl": json_lines, "texts.parquet": parquet}
    path = write(name, content[name](["a", None, "b"]))
    assert list(read_texts(path)) == ["a", "", "b"]


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_column_is_named(write, name):
    path = write(name, WRITERS[name](TEXTS, "title"))
    where = " in row 1. Expected one of 'title'"
    if "j" not in name:
        where = ". Expected one of 'id', 'title'"
    message = f"^'{path}' has no column 'body'{where}$"
    with pytest.raises(ValueError, match=message):
        list(read_texts(path, column="body"))


@pytest.mark.parametrize("name", ["texts.jsonl", "texts.parquet"])
def test_numbers_are_no_texts(write, name):
    content = {"texts.jsonl": json_lines, "texts.parquet": parquet}
    path = write(name, content[name]([7, 8]))
    message = (
        f"^Column 'text' of '{path}' must hold text. Received: 7 of type int "
        "in row 1$"
    )
    with pytest.raises(ValueError, match=message):
        list(read_texts(path))


def test_a_column_of_a_file_without_columns(write):
    path = write("texts.txt", LINES)
    message = (
        r"^Columns can be read only from files that end in \.jsonl, .*\.tsv\. "
        f"Received: column 'text' of '{path}'$"
    )
    with pytest.raises(ValueError, match=message):
        read_texts(path, column="text")  # at once


@pytest.mark.parametrize(
    "content, message",
    [
        (b'{"text": "a"}\n{"text": \n', "line 2 is not JSON: Expecting value"),
        (b'[{"text": "a"}]\n', "line 1 must be a JSON object. Received: list"),
        (b'{"text": "\xff"}\n', "line 1 is not UTF-8"),
        (b'{"text": "a", "text": "b"}', "line 1 must have one key 'text'. Re"),
        (
            b'{"text": "a"}\n{"text": "\\ud83d b"}',
            r"line 2 must be valid Unicode. Received: the lone .*\\ud83d. Corr",
        ),
    ],
)
def test_what_is_no_json_line(write, content, message):
    path = write("texts.jsonl", content)
    with pytest.raises(ValueError, match=f"^{path}, {message}"):
        list(read_texts(path))


def test_json_that_only_looks_wrong(write):
    lines = [
        b'{"text": "\\ud83d\\ude00", "id": ""}',
        b'{"text": "text", "id": "", "x": {"text": 1, "text": 2}}',
        b'{"text": "a", "id": 1, "id": 2}',
    ]
    path = write("a.jsonl", b"\n".join(lines))
    assert list(read_texts(path)) == ["\U0001f600", "text", "a"]
    with pytest.raises(ValueError, match="line 3 must have one key 'id'"):
        list(read_texts(path, column="text,id"))
    path = write("b.jsonl", b'{"text": "a\\uDEADb"}')
    assert list(read_texts(path, errors="replace")) == ["a\ufffdb"]


def test_what_is_no_parquet(write):
    path = write("texts.parquet", LINES)
    with pytest.raises(ValueError, match=f"^'{path}' is not a Parquet file"):
        list(read_texts(path))


# === Tables that are not as their header says ===


def test_a_csv_with_semicolons(write):
    path = write("a.csv", b'id;text\n7;"a; b, ""c"""\n8;d\n')
    assert list(read_texts(path, column="text")) == ['a; b, "c"', "d"]
    with pytest.raises(ValueError, match="probably 'text'"):
        read_texts(path)
    with pytest.raises(ValueError, match="line 2 must have 2 columns"):
        list(read_texts(write("b.csv", b"id;text\na\n"), column="text"))


def test_a_csv_with_tabs(write):
    message = "^'.*a.csv' must have commas .* Rename it to end in .tsv$"
    with pytest.raises(ValueError, match=message):
        list(read_texts(write("a.csv", b"id\ttext\n7\ta\n"), column="text"))


@pytest.mark.parametrize(
    "name, content, message",
    [
        (
            "a.csv",
            b"text\nplain\nHello world, and all of this is lost\n",
            "line 3 must have 1 columns as the header has. Received: 2, ",
        ),
        ("a.csv", b'id,text\n7,"a\nb"\n8\n', "line 4 must have 2 columns"),
        ("a.tsv", b"id\ttext\n7\ta\tb\n", "line 2 must have 2 columns"),
        (
            "a.csv",
            b'id,text\n7,a\n8,"opened\n9,b\n',
            "line 3 is not CSV with double quotes: unexpected end of data",
        ),
        (
            "a.csv",
            b'id,text\n8,"opened\n9,"and another\n',
            "line 2 is not CSV with double quotes: ',' expected",
        ),
    ],
)
def test_rows_that_would_be_cut_or_swallowed(write, name, content, message):
    path = write(name, content)
    with pytest.raises(ValueError, match=f"^{path}, {message}"):
        list(read_texts(path, column="text"))


@pytest.mark.parametrize("name", ["twice.csv", "twice.tsv", "twice.parquet"])
def test_two_columns_of_one_name(write, name):
    content = b"text,id,text\na,1,b\n"
    if name == "twice.parquet":
        file = io.BytesIO()
        names = ["text", "id", "text"]
        table = pa.table([[x] for x in "a1b"], names=names)
        pyarrow.parquet.write_table(table, file)
        content = file.getvalue()
    elif name == "twice.tsv":
        content = content.replace(b",", b"\t")
    path = write(name, content)
    message = f"^'{path}' must have one column 'text'. Received: 2 of that "
    with pytest.raises(ValueError, match=message):
        list(read_texts(path, column="text"))
    assert list(read_rows(path, ["id"])) == [("1",)]


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.csv", b"id,text\n1,a\n\n ,\n2,b\n\n"),
        ("a.tsv", b"id\ttext\n1\ta\n\n2\tb\n \n"),
        ("a.jsonl", b'{"text": "a"}\n\n{"text": "b"}\n \n'),
    ],
)
def test_blank_lines_are_no_rows(write, name, content):
    texts = list(read_texts(write(name, content), column="text"))
    assert [text for text in texts if text] == ["a", "b"]
    assert len(texts) == (3 if b" ,\n" in content else 2)


def test_empty_texts_of_a_table_of_one_column(write):
    path = write("a.tsv", b"text\na\n\nb\n")
    assert list(read_texts(path, column="text")) == ["a", "", "b"]


@pytest.mark.parametrize("name", ["texts.csv", "texts.tsv"])
def test_a_cell_of_any_length(write, name):
    texts = ["word " * 100_000, "short"]
    path = write(name, WRITERS[name](texts))
    assert list(read_texts(path, column="text")) == texts


def test_missing_files_are_found_at_once(write):
    with pytest.raises(FileNotFoundError, match="which is missing"):
        read_texts(write("texts.txt", b"a"), "no/such/texts.jsonl")


# === Rows of several columns ===

ROWS = {
    "rows.csv": b"label,text\n1,a\n,b\n2,c\n",
    "rows.jsonl": b'{"label": 1, "text": "a"}\n{"label": null, "text": "b"}\n'
    b'{"text": "c", "label": 2}\n',
    "rows.parquet": parquet(["1", None, "2"], "label"),
}


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_rows_of_several_columns(write, name):
    path = write(name, ROWS[name])
    rows = [("a", "1"), ("b", ""), ("c", "2")]
    assert list(read_rows(path, ["text", "label"])) == rows
    with pytest.raises(ValueError, match="has no column 'body'"):
        list(read_rows(path, ["text", "body"]))


def test_rows_of_parquet_with_numbers(write):
    path = write("rows.parquet", ROWS["rows.parquet"])
    rows = [("1", "0"), ("", "1"), ("2", "2")]
    assert list(read_rows(path, ["label", "id"])) == rows


def test_rows_with_nan_and_others(write):
    lines = [b'{"a": NaN, "b": 1.5}', b'{"a": true, "b": ""}']
    path = write("a.jsonl", b"\n".join(lines))
    assert list(read_rows(path, ["a", "b"])) == [("", "1.5"), ("True", "")]
    for value in (b"NaN", b"null", b'""'):
        content = b'{"text": "a", "id": %s}' % value
        with pytest.raises(ValueError, match="needs an id. .* 'id' of .*row 1"):
            rows = read_identified_texts(write("b.jsonl", content), None, "id")
            list(rows)
    path = write("c.jsonl", b'{"a": ["x", "y"]}')
    with pytest.raises(ValueError, match=r"must hold text or numbers. .*\['x'"):
        list(read_rows(path, ["a"]))


def test_rows_of_a_file_without_columns(write):
    path = write("texts.txt", LINES)
    with pytest.raises(
        ValueError, match="^Columns can be read only from files that"
    ):
        read_rows(path, ["text", "label"])  # at once
    with pytest.raises(FileNotFoundError, match="which is missing"):
        read_rows("no/such.csv", ["text"])
