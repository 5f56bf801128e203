import re

import numpy as np
import pytest

from keras_mirror.data import as_strings
from keras_mirror.data import batched
from keras_mirror.data import collect_strings
from keras_mirror.data import read_corpus
from keras_mirror.data import read_lines
from keras_mirror.data import read_texts
from keras_mirror.data import split_pairs

NAN = float("nan")


@pytest.fixture
def write(tmp_path):
    """Writes bytes into a file and gives its path."""

    def write(content, name="corpus.txt"):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


def lines_of(path, **options):
    return list(read_lines(path, **options))


# === read_lines ===


@pytest.mark.parametrize(
    "content, lines",
    [
        (b"", []),
        (b"\n", [""]),
        (b"one", ["one"]),
        (b"one\n", ["one"]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\n\n two \n", ["one", "", " two "]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"one\r\r\ntwo", ["one\r", "two"]),
        (b"one\rstill one\n", ["one\rstill one"]),
        (b"\xef\xbb\xbfone\ntwo", ["one", "two"]),
        (b"one\n\xef\xbb\xbftwo", ["one", "\ufefftwo"]),
        (b"\xef\xbb\xbf", []),
        ("a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g\n".encode(), None),
        ("雪の中\n👩‍🚀\ne\u0301".encode(), ["雪の中", "👩‍🚀", "e\u0301"]),
        (b"a\0b\n", ["a\0b"]),
    ],
)
def test_only_a_line_feed_ends_a_line(write, content, lines):
    expected = [content.decode()[:-1]] if lines is None else lines
    assert lines_of(write(content)) == expected


def test_files_follow_each_other(write):
    paths = [write(b"one\ntwo", "1.txt"), write(b"\xef\xbb\xbfthree\n", "2")]
    assert list(read_lines(*paths)) == ["one", "two", "three"]
    assert list(read_lines()) == []


def test_a_line_of_a_megabyte(write):
    line = "word " * 200_000
    assert lines_of(write(f"{line}\nshort\n".encode())) == [line, "short"]


def test_a_line_without_end_is_refused(write, monkeypatch):
    monkeypatch.setitem(read_lines.__globals__, "LONGEST_LINE", 30)
    monkeypatch.setitem(read_lines.__globals__, "BLOCK_SIZE", 8)
    path = write(b"short\n" + b"a" * 30 + b"\n" + b"b" * 60)
    lines = read_lines(path)
    assert [next(lines), next(lines)] == ["short", "a" * 30]
    message = f"^{path}, line 3 must have at most 30 bytes. Received: more"
    with pytest.raises(ValueError, match=message):
        next(lines)


@pytest.mark.parametrize("block_size", [3, 5, 6, 100])
def test_lines_go_on_in_the_next_block(write, monkeypatch, block_size):
    monkeypatch.setitem(read_lines.__globals__, "BLOCK_SIZE", block_size)
    path = write(b"\xef\xbb\xbfone\r\n\n\xef\xbb\xbftwo\nthree")
    assert lines_of(path) == ["one", "", "\ufefftwo", "three"]


def test_lines_are_read_one_by_one(write):
    lines = read_lines(write(b"one\ntwo\n\xff\n"))
    assert [next(lines), next(lines)] == ["one", "two"]
    with pytest.raises(ValueError, match="line 3 is not UTF-8"):
        next(lines)


@pytest.mark.parametrize(
    "content, number, reason, byte",
    [
        (b"good\nba\xffd\n", 2, "invalid start byte", 2),
        (b"good\r\n\nab\xc3\n", 3, "unexpected end of data", 2),
        (b"\xef\xbb\xbf\xff\n", 1, "invalid start byte", 0),
        ("caf\u00e9".encode("latin-1"), 1, "unexpected end of data", 3),
        (b"\xed\xa0\x80", 1, "invalid continuation byte", 0),
    ],
)
def test_invalid_utf_8_names_file_and_line(
    write, content, number, reason, byte
):
    path = write(content)
    message = (
        f"{path}, line {number} is not UTF-8: {reason} at byte {byte}. "
        "Convert the file, or use a command's `--encoding` or `--errors`"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lines_of(path)


def test_invalid_utf_8_can_be_replaced(write):
    path = write(b"good\nba\xffd\nab\xc3\n")
    assert lines_of(path, errors="replace") == ["good", "ba\ufffdd", "ab\ufffd"]


TEXT = "caf\u00e9 \U0001f600\n\n\u010a \u0a0d\r\nlast"
LINES = ["caf\u00e9 \U0001f600", "", "\u010a \u0a0d", "last"]


@pytest.mark.parametrize("block_size", [4, 5, 1000])
@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "gb18030"]
)
def test_other_encodings(write, monkeypatch, encoding, block_size):
    monkeypatch.setitem(read_lines.__globals__, "BLOCK_SIZE", block_size)
    path = write(TEXT.encode(encoding))
    assert lines_of(path, encoding=encoding) == LINES


@pytest.mark.parametrize(
    "encoding, name",
    [("utf-16-le", "UTF-16-LE"), ("cp1252", "line 1")],
)
def test_wrong_bytes_of_other_encodings(write, encoding, name):
    path = write(b"a\0" + b"\x81\xd8" * 2)
    with pytest.raises(ValueError, match=f"^{path}.*{name}.*: .* at byte 2"):
        lines_of(path, encoding=encoding)
    (line,) = lines_of(path, encoding=encoding, errors="replace")
    assert "\ufffd" in line


def test_an_unknown_encoding(write):
    message = "^`encoding` must be the name .* Received: 'base64'$"
    with pytest.raises(ValueError, match=message):
        read_lines(write(b"a"), encoding="base64")  # at once


@pytest.mark.parametrize("errors", ["strict", "replace"])
@pytest.mark.parametrize(
    "name, content, message",
    [
        (
            "a.txt",
            "ab\n".encode("utf-16"),
            "begins like UTF-16.*--encoding utf-16",
        ),
        ("a.txt", b"\xfe\xff\0a", "begins like UTF-16"),
        ("a.txt", "word".encode("utf-16-le"), "--encoding utf-16-le"),
        ("a.txt", "word".encode("utf-16-be"), "--encoding utf-16-be"),
        ("a.txt", "ab".encode("utf-32"), "--encoding utf-32"),
        (
            "a.txt",
            "\u043c\u0438\u0440 \u043c".encode("utf-16-le"),
            "utf-16-le",
        ),
        ("a.txt", "\u0645\u0646 \u0647".encode("utf-16-be"), "utf-16-be"),
        ("a.txt", b"version https://git-lfs.github.com/spec/v1\n", "lfs pull"),
        ("a.csv", b"<!DOCTYPE html>\n<html>\n", "is a page in HTML"),
        ("a.txt", b"a.txt".ljust(257, b"\0") + b"ustar", "is a tar archive"),
        ("a.txt", b"%PDF-1.7\n", "is a PDF file. A file of plain texts is"),
        ("a.docx", b"PK\x03\x04...", "is a Word document"),
        ("a.xlsx", b"PK\x03\x04...", "is an Excel workbook"),
        (
            "a.csv",
            b"PK\x03\x04...",
            "is a zip file, as those of Word and Excel",
        ),
        ("a.xls", b"\xd0\xcf\x11\xe0...", "is an Excel workbook"),
        (
            "a.txt",
            b"\x1f\x8b\x08...",
            r"is compressed. Its name must end in \.gz",
        ),
    ],
)
def test_what_is_no_text_is_named(write, name, content, message, errors):
    path = write(content, name)
    with pytest.raises(ValueError, match=f"^'{path}' .*{message}"):
        lines_of(path, errors=errors)


@pytest.mark.parametrize(
    "encoding, content, message",
    [
        ("utf-16-le", "ab\n".encode("utf-16-be"), "begins like UTF-16-BE"),
        ("utf-16-le", b"\xfe\xff\0a\0b", "begins like UTF-16. UTF-16-LE is"),
        ("cp1252", b"\xef\xbb\xbfa", "begins like UTF-8. CP1252 is"),
        ("utf-8", b"\xef\xbb\xbfa", None),
        ("utf-16", b"ab", "has no byte order mark, with which UTF-16 begins"),
        ("utf-16", b"", None),
    ],
)
def test_a_mark_of_another_encoding(write, encoding, content, message):
    path = write(content)
    if message is None:
        assert lines_of(path, encoding=encoding) == ["a"][: len(content)]
        return
    with pytest.raises(ValueError, match=f"^'{path}' {message}"):
        lines_of(path, encoding=encoding, errors="replace")


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lines_of_old_macs(write, name, encoding):
    path = write("one\rtwo\r".encode(encoding), name)
    message = f"^{path}, line 1 must end in a line feed. Received: carriage"
    with pytest.raises(ValueError, match=message):
        list(read_texts(path, encoding=encoding))
    assert lines_of(write(b"one\r")) == ["one"]


def test_missing_file_is_found_before_the_first_is_read(write, tmp_path):
    missing = str(tmp_path / "missing.txt")
    message = (
        f"A text file is expected. Received: '{missing}', which is missing"
    )
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        read_lines(write(b"one"), missing)


def test_a_folder_is_not_a_text_file(tmp_path):
    message = (
        f"A text file is expected. Received: '{tmp_path}', which is a folder"
    )
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        read_lines(tmp_path)


# === collect_strings ===


def test_nothing_is_lost_without_being_counted():
    texts = ["one", " two\t", "", " \t\u3000\u2028\n", "one", "two", "a\0b"]
    corpus = collect_strings(texts)
    assert corpus.strings == ["one", "two"]
    assert corpus.num_read == 7
    assert corpus.num_empty == 2
    assert corpus.num_duplicates == 2
    assert corpus.num_binary == 1


def test_duplicates_can_stay():
    corpus = collect_strings(["one", "two", "one "], drop_duplicates=False)
    assert corpus.strings == ["one", "two", "one"]
    assert corpus.num_duplicates == 0


def test_strings_that_only_look_the_same_stay():
    texts = ["caf\u00e9", "cafe\u0301", "Café", "cafe"]
    assert collect_strings(texts).strings == texts


def test_binary_and_empty_strings_are_no_duplicates():
    corpus = collect_strings(["a\0", "a\0", "", ""])
    assert (corpus.num_binary, corpus.num_empty) == (2, 2)
    assert corpus.num_duplicates == 0


@pytest.mark.parametrize("limit, num_read", [(0, 0), (1, 1), (2, 4), (9, 5)])
def test_limit_counts_usable_strings(limit, num_read):
    corpus = collect_strings(["one", "", "one", "two", "three"], limit=limit)
    assert corpus.strings == ["one", "two", "three"][:limit]
    assert corpus.num_read == num_read


def test_limit_reads_no_further():
    texts = iter(["one", "two", None])
    assert collect_strings(texts, limit=2).strings == ["one", "two"]


@pytest.mark.parametrize("limit", [-1, 1.5, "1", True])
def test_what_is_no_limit(limit):
    message = f"^`limit` must be an integer, 0 or more. .*limit={limit!r}$"
    with pytest.raises(ValueError, match=message):
        collect_strings(["one", "two"], limit=limit)


def test_no_texts():
    corpus = collect_strings([])
    assert corpus.strings == [] and corpus.num_read == 0


# === as_strings ===


@pytest.mark.parametrize(
    "texts, expected",
    [
        ("one", ["one"]),
        ("", [""]),
        ([], []),
        (["one", "two"], ["one", "two"]),
        (("one", "two"), ["one", "two"]),
        ((text for text in ["one"]), ["one"]),
        (np.array(["one", "two"]), ["one", "two"]),
        (np.array(["one", "two"], dtype=object), ["one", "two"]),
        (np.array([], dtype=object), []),
        (np.str_("one"), ["one"]),
        ({"one": 1, "two": 2}.keys(), ["one", "two"]),
    ],
)
def test_whatever_holds_strings(texts, expected):
    strings = as_strings(texts)
    assert isinstance(strings, list) and strings == expected


@pytest.mark.parametrize("texts", [None, 3, 1.5, NAN, b"one", {"one": 1}, True])
def test_what_holds_no_strings_is_refused(texts):
    message = (
        "Texts must be a string or a list of strings. "
        f"Received: {texts!r} of type {type(texts).__name__}"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        as_strings(texts)


NOT_STRINGS = [None, 3, 1.5, NAN, b"two", ["two"], ("two",), {}]
NOT_STRINGS += [("one", "two", "three")]


@pytest.mark.parametrize("item", NOT_STRINGS)
@pytest.mark.parametrize("collect", [as_strings, collect_strings])
def test_elements_that_are_no_strings_are_refused(collect, item):
    message = (
        f"Texts must be strings. Received: {item!r} of type "
        f"{type(item).__name__} at index 1"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        collect(["one", item])


@pytest.mark.parametrize(
    "array", [np.array(["one", np.nan], object), np.arange(2)]
)
def test_arrays_of_anything_else_are_refused(array):
    with pytest.raises(TypeError, match="^Texts must be strings. Received: "):
        as_strings(array)


@pytest.mark.parametrize(
    "table",
    [
        np.array([["one", "two"]]),
        np.array("one"),
    ],
)
@pytest.mark.parametrize("read", [as_strings, read_corpus])
def test_tables_are_refused(read, table):
    message = (
        "Texts must be one column of strings. Select a column of the table, "
        f'such as `table["text"]`. Received: {type(table).__name__} of shape '
        f"{table.shape}"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        read(table)


def test_a_column_of_a_table_is_taken_and_the_table_refused():
    pandas = pytest.importorskip("pandas", reason="a table of pandas")
    table = pandas.DataFrame({"text": ["one", "two"]}, index=[5, 3])
    for read in (as_strings, read_corpus):
        with pytest.raises(TypeError, match="Received: DataFrame of shape"):
            read(table)
    assert as_strings(table["text"]) == ["one", "two"]
    assert read_corpus(table["text"]).strings == ["one", "two"]


@pytest.mark.parametrize("texts", [{"one"}, frozenset({"one"})])
@pytest.mark.parametrize("read", [as_strings, read_corpus])
def test_sets_are_refused(read, texts):
    with pytest.raises(TypeError, match="which has no order: give `sorted"):
        read(texts)


@pytest.mark.parametrize("collect", [as_strings, collect_strings])
def test_half_characters_are_refused(collect):
    message = (
        "Texts must be valid Unicode. Received: a lone surrogate at "
        "character 3 of the text at index 1"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        collect(["one", "two\ud83d"])


# === batched ===


@pytest.mark.parametrize("number", [0, 1, 3, 4, 6])
def test_batches_hold_every_item_once(number):
    batches = list(batched(iter(range(number)), 3))
    assert [item for batch in batches for item in batch] == list(range(number))
    assert all(len(batch) == 3 for batch in batches[:-1])
    assert all(1 <= len(batch) <= 3 for batch in batches)


# === Pairs ===


def test_pairs_among_strings():
    corpus = collect_strings(
        [("a man ", " a guy"), "a woman", ("a man", "a guy"), ("a man", "it")]
        + [(" ", "a guy"), ("a guy", ""), ("a\0", "b"), ("a woman", "a woman")]
    )
    assert corpus.strings == ["a man", "a woman", "a man"]
    assert corpus.partners == ["a guy", "a woman", "it"]
    assert corpus.num_read == 8
    assert corpus.num_duplicates == 2
    assert corpus.num_empty == 2 and corpus.num_binary == 1


def test_strings_alone_have_no_partners():
    assert collect_strings(["a man", ("b", "b")]).partners is None


def test_a_pair_of_other_things_is_refused():
    message = "Texts must be strings. Received: 3 of type int at index 0"
    with pytest.raises(TypeError, match=re.escape(message)):
        collect_strings([("a", 3)])


def test_lines_with_a_tab_are_pairs():
    lines = ["one", "two\tthree", "\tfour", ""]
    pairs = ["one", ("two", "three"), ("", "four"), ""]
    assert list(split_pairs(lines)) == pairs


def test_three_columns_are_refused():
    message = (
        "A line of pairs must be one text, or two with a TAB between. "
        "Received: 3 columns in line 2"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        list(split_pairs(["one", "two\tthree\tfour"]))
