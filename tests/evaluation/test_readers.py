"""What all readers have in common, and the real files."""

import pytest
from support.benchmarks import names
from support.benchmarks import write
from support.texts import DATA

from keras_mirror.evaluation.readers import read_benchmarks
from keras_mirror.evaluation.readers.read_benchmarks import READERS

ROWS = "A man plays.\tA man.\t2.5\nA cat.\tA dog.\t0\n"


# === Paths ===


def test_missing_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="Received: '.*none', which is"):
        read_benchmarks(tmp_path / "none")


@pytest.mark.parametrize("as_type", [str, lambda path: path])
def test_file_given_by_name(tmp_path, as_type):
    write(tmp_path, {"mine.tsv": ROWS})
    (task,) = read_benchmarks(as_type(tmp_path / "mine.tsv"))
    assert (task.name, task.kind) == ("mine", "sentence similarity")
    assert task.texts_1 == ["A man plays.", "A cat."]
    assert task.texts_2 == ["A man.", "A dog."]
    assert task.scores == [2.5, 0.0]
    assert task.subsets is None and task.num_published is None


def test_message_lists_all_that_was_looked_for(tmp_path):
    write(tmp_path, {"notes.txt": "Only a sentence.\nAnd one more.\n"})
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(ValueError, match="must hold a benchmark") as error:
            read_benchmarks(path)
        message = str(error.value)
        received = f"Received: {tmp_path / 'notes.txt'} must have"
        start = f"'{path}' must hold a benchmark. {received}"
        assert message.startswith(start)
        for looks_for in READERS:
            assert looks_for in message


def test_message_has_the_reasons_of_the_first_files(tmp_path):
    files = {f"{i}.tsv": "sentence1\tsentence2\nA\tB\n" for i in range(7)}
    with pytest.raises(ValueError, match="Received: ") as error:
        read_benchmarks(write(tmp_path, files))
    reasons = str(error.value).split("Expected")[0].split("Received: ")[1]
    assert [reason.strip() for reason in reasons.splitlines()] == [
        f"{tmp_path / f'{i}.tsv'} has no column `score`" for i in range(5)
    ]


def test_message_for_an_empty_folder(tmp_path):
    with pytest.raises(
        ValueError, match="Received: no file of these formats\n"
    ):
        read_benchmarks(tmp_path)


def test_folder_is_walked_and_other_files_are_passed_over(tmp_path):
    write(
        tmp_path,
        {
            "b/mine.tsv": ROWS,
            "a/deep/rg-65.txt": "gem jewel 3.94\nnoon string 0.08\n",
            "README.txt": "A folder of mine.\n",
            "LICENSE.txt": "Copyright (c) 2024\n",
            "VERSION.txt": "mine version 1.0\n",
            "place.txt": "Berlin, Germany, 2021\n",
            "words.txt": "the\nof\nand\n",
            "sentences.txt": "One two 3\nA longer one, yes.\nIn May 2014\n",
            "vectors.txt": "the 0.1 0.2 0.3\nof 0.2 0.3 0.4\n",
            "latin.txt": b"caf\xe9\n",
            "zeros.txt": b"\0" * 1000,
            "empty.txt": "",
            "table.csv": "name,size\na,1\nb,2\n",
            "weights.bin": b"\xff\xfe",
            ".hidden/other.tsv": ROWS,
            "__MACOSX/other.tsv": ROWS,
            "._mine.tsv": b"\0\5\x16\7",
            "log.md": ROWS,
        },
    )
    assert names(read_benchmarks(tmp_path)) == ["RG-65", "mine"]


def test_files_of_other_kinds_are_not_opened(tmp_path, monkeypatch):
    write(tmp_path, {"mine.tsv": ROWS, "wikipedia.txt.xz": b"\xfd7zXZ"})
    opened = []
    real_open = open

    def spy(path, *args, **options):
        opened.append(str(path))
        return real_open(path, *args, **options)

    monkeypatch.setattr("builtins.open", spy)
    read_benchmarks(tmp_path)
    assert any(path.endswith("mine.tsv") for path in opened)
    assert not any(path.endswith(".xz") for path in opened)


def test_folders_of_glue_have_two_benchmarks(tmp_path):
    header = "index\tgenre\tsentence1\tsentence2"
    write(
        tmp_path,
        {
            "CoLA/train.tsv": "gj04\t1\t\tA man.\ngj04\t0\t*\tMan a.\n",
            "CoLA/test.tsv": "index\tsentence\n0\tA man.\n",
            "MNLI/dev_matched.tsv": header + "\tgold_label\n"
            "0\tfiction\tA man.\tA cat.\tneutral\n",
            "MRPC/dev.tsv": "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
            "1\t13\t14\tA man.\tA cat.\n0\t15\t16\tA man.\tA dog.\n",
            "QNLI/dev.tsv": "index\tquestion\tsentence\tlabel\n"
            "0\tWho?\tA man.\tentailment\n",
            "QNLI/test.tsv": "index\tquestion\tsentence\n0\tWho?\tA man.\n",
            "QQP/train.tsv": "id\tqid1\tqid2\tquestion1\tquestion2\t"
            "is_duplicate\n1\t2\t3\tWho?\tWhy?\t0\n",
            "RTE/dev.tsv": "index\tsentence1\tsentence2\tlabel\n"
            "0\tA man.\tA cat.\tentailment\n",
            "SST-2/train.tsv": "sentence\tlabel\nnice film\t1\nbad film\t0\n",
            "SST-2/test.tsv": "index\tsentence\n0\tnice film\n",
            "STS-B/dev.tsv": header + "\tscore\n0\tnews\tA.\tB.\t2.5\n",
            "STS-B/test.tsv": header + "\n0\tnews\tA.\tB.\n",
            "WNLI/train.tsv": "index\tsentence1\tsentence2\tlabel\n"
            "0\tA man.\tA cat.\t1\n",
        },
    )
    assert names(read_benchmarks(tmp_path)) == ["STS-B dev", "QNLI dev"]


def test_a_benchmark_in_two_formats_counts_once(tmp_path):
    rows = "".join(
        f"main\tMSRvid\t2012\t{i}\t{i}.0\tA {i}.\tB.\n" for i in range(3)
    )
    glue = "index\tgenre\tsentence1\tsentence2\tscore\n" + "".join(
        f"{i}\tmain\tA {i}.\tB.\t{i}.0\n" for i in range(3)
    )
    write(tmp_path, {"own/sts-dev.csv": rows, "STS-B/dev.tsv": glue})
    assert names(read_benchmarks(tmp_path)) == ["STS-B dev"]


def test_two_benchmarks_of_one_name_are_told_apart(tmp_path):
    write(tmp_path, {"a/x.tsv": ROWS, "b/x.tsv": ROWS.replace("cat", "cow")})
    first, second = read_benchmarks(tmp_path)
    assert (first.texts_1[1], second.texts_1[1]) == ("A cat.", "A cow.")
    assert first.name.replace("\\", "/") == "x (a/x.tsv)"
    assert second.name.replace("\\", "/") == "x (b/x.tsv)"


def test_a_wrong_line_is_an_error_in_a_folder_too(tmp_path):
    write(tmp_path, {"a/good.tsv": ROWS, "b/mine.tsv": ROWS + "A.\tB.\tmuch\n"})
    with pytest.raises(
        ValueError,
        match=r"mine\.tsv, line 3, column 3 must be a finite number\. "
        "Received: 'much'",
    ):
        read_benchmarks(tmp_path)


# === Tables ===


def test_quotes_are_text_in_a_tab_file(tmp_path):
    text = '"A man\tHe said "no".\t1\nA "cat"\t\'\t2\n'
    (task,) = read_benchmarks(write(tmp_path, {"mine.tsv": text}))
    assert task.texts_1 == ['"A man', 'A "cat"']
    assert task.texts_2 == ['He said "no".', "'"]


def test_quotes_of_csv(tmp_path):
    text = 'score,text1,text2\n1,"A, B",C\n2,"He said ""no"".","D\nE"\n3,F,\n'
    (task,) = read_benchmarks(write(tmp_path, {"mine.csv": text}))
    assert task.texts_1 == ["A, B", 'He said "no".']
    assert task.texts_2 == ["C", "D\nE"]
    assert [(row.line, row.reason) for row in task.dropped] == [
        (5, "empty text")
    ]


@pytest.mark.parametrize(
    "text, line", [('1,"A,B\n2,C,D\n', 3), ('0,A,B\n1,"A"x,B\n', 4)]
)
def test_broken_csv(tmp_path, text, line):
    text = "score,text1,text2\n5,X,Y\n" + text
    with pytest.raises(
        ValueError, match=rf"mine\.csv, line {line} is not CSV with double"
    ):
        read_benchmarks(write(tmp_path, {"mine.csv": text}))


def test_windows_files(tmp_path):
    text = "\ufeff" + ROWS.replace("\n", "\r\n") + "\r\n \r\n\r\n"
    (task,) = read_benchmarks(write(tmp_path, {"mine.tsv": text}))
    assert task.texts_1 == ["A man plays.", "A cat."]
    assert task.scores == [2.5, 0.0]
    assert task.dropped == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("name", ["notepad.tsv", "sts-dev.csv"])
def test_files_of_excel_and_notepad(tmp_path, encoding, name):
    text = ROWS.replace("A cat", "A caf\u00e9")
    if name == "sts-dev.csv":
        parts = [line.split("\t") for line in text.splitlines()]
        lines = [["g", "f", "2012", "1", c, a, b] for a, b, c in parts]
        text = "\n".join("\t".join(line) for line in lines)
    (tmp_path / name).write_text(text, encoding)
    for path in (tmp_path, tmp_path / name):
        (task,) = read_benchmarks(path)
        assert task.texts_1 == ["A man plays.", "A caf\u00e9."]


def test_a_workbook_is_named(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ValueError, match="scores.tsv' is a zip file, as those"):
        read_benchmarks(path)
    write(tmp_path, {"mine.tsv": ROWS})
    assert names(read_benchmarks(tmp_path)) == ["mine"]


def test_texts_are_stripped_and_empty_ones_dropped(tmp_path):
    text = " A \t B\t1 \n\tB\t2\nC\t \t3\n\nD\tE\t\nF\tG\t4\n"
    (task,) = read_benchmarks(write(tmp_path, {"mine.tsv": text}))
    assert (task.texts_1, task.texts_2) == (["A", "F"], ["B", "G"])
    assert task.scores == [1.0, 4.0]
    path = str(tmp_path / "mine.tsv")
    assert [(row.path, row.line, row.reason) for row in task.dropped] == [
        (path, 2, "empty text"),
        (path, 3, "empty text"),
        (path, 5, "no score"),
    ]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1_000", "2,5", "x"])
def test_no_number(tmp_path, number):
    text = ROWS + f"E\tF\t{number}\n"
    with pytest.raises(
        ValueError, match=rf"line 3, column 3 .* Received: '{number}'"
    ):
        read_benchmarks(write(tmp_path, {"mine.tsv": text}))


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("mine.tsv", ROWS + "A\tB\n", r"line 3 must have at least 3 columns"),
        ("mine.tsv", ROWS + "A\n", r"line 3 must have at least 2 columns"),
        (
            "mine.tsv",
            ROWS.encode() + b"caf\xe9\tB\t1\n",
            r"line 3 is not UTF-8",
        ),
        (
            "mine.tsv",
            "source\ttarget\tjudgement\n" + ROWS,
            r"line 1 must have a number in column 3; .*`sentence1`",
        ),
        (
            "mine.tsv",
            "A\tB\t1\t7\nC\tD\t2\t8\n",
            r"has two texts and more than one number.*`sentence1`",
        ),
        (
            "mine.tsv",
            "text1\ttext2\tscore\tgold\nA\tB\t1\t2\n",
            r"line 1 must name two texts and one score.*'gold'",
        ),
        (
            "mine.csv",
            "text1,text2,score\nA,,1\nB,C,\n",
            r"must have a pair of texts with a score\. Received: 2 pairs",
        ),
    ],
    ids=str.split("short shorter latin header ambiguous scores nothing"),
)
def test_wrong_tables(tmp_path, name, text, message):
    write(tmp_path, {name: text})
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(ValueError, match=rf"mine\..sv.*{message}"):
            read_benchmarks(path)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("A\t1\tB\nC\t2\tD\n", "must have a header line with `sentence1`"),
        ("sentence1\tsentence2\tlabel\nA\tB\t1\n", "has no column `score`"),
        ("A\tB\nC\tD\n", "must have a header line with `sentence1`"),
    ],
)
def test_unclear_tables_are_refused_by_name_only(tmp_path, text, reason):
    write(tmp_path, {"unclear.tsv": text, "mine.tsv": ROWS})
    with pytest.raises(ValueError, match=reason):
        read_benchmarks(tmp_path / "unclear.tsv")
    assert names(read_benchmarks(tmp_path)) == ["mine"]


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.tsv", "Sentence1\tSENTENCE2\tScore\nA man\tA cat\t1\n"),
        ("a.txt", "id\tsentence_A\tsentence_B\tsimilarity\n7\tA man\tA cat\t1"),
        ("a.csv", "text 1;text 2;similarity_score\nA man;A cat;1\n"),
        ("a.csv", "score,s1,s2\n1,A man,A cat\n"),
        ("a.csv", "A man,A cat,1\nA man,A cat,1\n"),
        ("a.tsv", "1\tA man\tA cat\n"),
        ("a.tsv", "A man\tA cat\t1\t\n"),
    ],
)
def test_layouts_of_sentences(tmp_path, name, text):
    (task,) = read_benchmarks(write(tmp_path, {name: text}))
    assert (task.name, task.kind) == ("a", "sentence similarity")
    assert set(task.texts_1) == {"A man"}
    assert set(task.texts_2) == {"A cat"}
    assert set(task.scores) == {1.0}


@pytest.mark.parametrize(
    "text",
    [
        "cat\tdog\t1\n",
        "cat dog 1\ncat dog 1\n",
        "cat   dog  1\n\ncat dog 1\n",
        "cat;dog;1\ncat;dog;1\n",
        "cat, dog, 1\ncat, dog, 1\n",
        "word1 word2 score\ncat dog 1\n",
        "Word 1,Word 2,mean\ncat,dog,1\n",
        "text1\ttext2\tscore\ncat\tdog\t1\n",
    ],
)
def test_layouts_of_words(tmp_path, text):
    (task,) = read_benchmarks(write(tmp_path, {"mine.txt": text}))
    assert (task.name, task.kind) == ("mine", "word similarity")
    assert set(task.texts_1) == {"cat"}
    assert set(task.texts_2) == {"dog"}
    assert set(task.scores) == {1.0}


def test_header_tells_the_kind(tmp_path):
    write(
        tmp_path,
        {
            "a.tsv": "sentence1\tsentence2\tscore\n雪の中を走る。\t雪。\t1\n",
            "b.tsv": "word1\tword2\tscore\nhot dog\tsausage\t1\n",
        },
    )
    assert [task.kind for task in read_benchmarks(tmp_path)] == [
        "sentence similarity",
        "word similarity",
    ]


# === Real files ===

REAL = {
    "STS14": ("sentence similarity", 3750, 3750),
    "STS16": ("sentence similarity", 1186, 1186),
    "STS17 es-es": ("sentence similarity", 250, 250),
    "STS17 en-en": ("sentence similarity", 250, 250),
    "STS-B train": ("sentence similarity", 5749, 5749),
    "STS-B dev": ("sentence similarity", 1500, 1500),
    "STS-B test": ("sentence similarity", 1379, 1379),
    "SICK train": ("sentence similarity", 4500, 4500),
    "SICK trial": ("sentence similarity", 500, 500),
    "Multi-SimLex french": ("word similarity", 1845, None),
    "SimLex-999": ("word similarity", 999, 999),
    "MEN": ("word similarity", 3000, 3000),
    "RG-65": ("word similarity", 65, 65),
    "BLI en-de": ("lexicon induction", 2000, 2000),
    "BLI en-fr": ("lexicon induction", 2000, 2000),
    "BLI fr-en": ("lexicon induction", 2000, 2000),
}

if (DATA / "domain").is_dir():
    REAL |= {
        "banking77 test": ("labeled texts", 3080, None),
        "StackOverflow": ("labeled texts", 20000, None),
        "ncbi-disease test": ("entity linking", 945, None),
    }


@pytest.fixture(scope="module")
def real():
    if not DATA.is_dir():
        pytest.skip(f"there is no {DATA}")
    tasks = read_benchmarks(DATA)
    assert len(tasks) == len(REAL)
    return {task.name: task for task in tasks}


def test_real_folder(real):
    assert REAL == {
        name: (task.kind, task.num_items(), task.num_published)
        for name, task in real.items()
    }


def test_real_files_have_no_remarks_but_unscored_pairs(real):
    remarks = {name: task.remarks() for name, task in real.items()}
    (of_2016,) = remarks.pop("STS16")
    assert of_2016.startswith("7997 dropped, no score (first: ")
    for remark in remarks.pop("ncbi-disease test", ()):
        assert remark.startswith("15 dropped, mention of several concepts (")
    assert set(map(tuple, remarks.values())) == {()}


def test_real_texts(real):
    task = real["STS14"]
    assert task.subsets.count("deft-forum") == 450
    assert len(set(task.subsets)) == 6
    of_2016 = real["STS16"]
    row = of_2016.subsets.index("headlines")  # line 13 of the file
    assert of_2016.scores[row] == 4.0
    assert of_2016.texts_1[row].startswith("Driver backs into stroller")
    assert of_2016.texts_2[row].startswith("Driver backs into mom, stroller")
    assert real["STS-B dev"].scores[:2] == [5.0, 4.75]
    assert real["STS-B dev"].texts_2[1] == "A child is riding a horse."
    assert real["SICK trial"].scores[:2] == [3.6, 3.4]
    assert real["MEN"].texts_1[0] == "sun"
    assert len(real["BLI en-fr"].training_pairs) == 5000
    assert len(real["BLI fr-en"].training_pairs) == 5000
    assert real["BLI fr-en"].training_pairs[0] == ("de", "of")
    assert real["Multi-SimLex french"].scores[0] == 2.6


def test_several_paths_are_one_collection(tmp_path):
    write(tmp_path, {"a/mine.tsv": ROWS, "b/mine.tsv": ROWS + ROWS})
    whole = read_benchmarks(tmp_path)
    parts = read_benchmarks(
        tmp_path / "a", tmp_path / "b", tmp_path / "a" / "mine.tsv"
    )
    expected = ["mine (a/mine.tsv)", "mine (b/mine.tsv)"]
    assert [task.name for task in whole] == expected
    assert [task.name for task in parts] == expected
    with pytest.raises(FileNotFoundError):
        read_benchmarks(tmp_path / "a", tmp_path / "none")
