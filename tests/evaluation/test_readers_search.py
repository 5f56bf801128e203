"""Readers of lexicons, entity linking, QNLI and retrieval."""

import json

import pytest
from support.benchmarks import names
from support.benchmarks import write

from keras_mirror.evaluation.readers import read_benchmarks

# === Bilingual lexicons ===

ROW = "A man.\tA cat.\t1\n"
TEST = "cat\tchat\ndog\tchien\ndog\tclébard\n"


def test_lexicon_of_its_owners(tmp_path):
    folder = "bli/en-fr/yacle"
    write(
        tmp_path,
        {
            f"{folder}.test.freq.2k.en-fr.tsv": TEST,
            f"{folder}.test.freq.2k.fr-en.tsv": "chat\tcat\n\thot dog\n",
            f"{folder}.train.freq.500.en-fr.tsv": "of\tde\n\tx\n",
            f"{folder}.train.freq.5k.en-fr.tsv": "of\tde\nto\tà\nin\t\n",
            f"{folder}.train.freq.1k.fr-en.tsv": "de\tof\n",
        },
    )
    forth, back = read_benchmarks(tmp_path)
    assert (forth.name, back.name) == ("BLI en-fr", "BLI fr-en")
    assert {forth.kind, back.kind} == {"lexicon induction"}
    assert forth.pairs == [
        ("cat", "chat"),
        ("dog", "chien"),
        ("dog", "clébard"),
    ]
    assert forth.training_pairs == [("of", "de"), ("to", "à")]
    assert back.training_pairs == [("de", "of")]
    assert forth.num_published == back.num_published == 2000
    (row,) = forth.dropped
    assert row.path.endswith("yacle.train.freq.5k.en-fr.tsv")
    assert (row.line, row.reason) == (3, "empty text")
    (row,) = back.dropped
    assert row.path.endswith("yacle.test.freq.2k.fr-en.tsv") and row.line == 2


def test_lexicon_given_by_name(tmp_path):
    write(tmp_path, {"test.en-fr.tsv": TEST, "train.en-fr.tsv": "of\tde\n"})
    (task,) = read_benchmarks(tmp_path / "test.en-fr.tsv")
    assert task.training_pairs == [("of", "de")]
    assert task.num_published is None


def test_lexicon_without_training(tmp_path):
    (task,) = read_benchmarks(write(tmp_path, {"test.en-fr.txt": TEST}))
    assert task.training_pairs == []


def test_lexicon_named_by_its_folder(tmp_path):
    write(tmp_path / "basque", {"test.tsv": TEST, "train.tsv": "of\tde\n"})
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, len(task.pairs)) == ("BLI basque", 3)
    assert task.training_pairs == [("of", "de")]


def test_training_of_the_same_folder_is_preferred(tmp_path):
    write(
        tmp_path,
        {
            "a/test.en-fr.tsv": TEST,
            "a/train.en-fr.tsv": "of\tde\n",
            "b/train.en-fr.tsv": "to\tà\nin\ten\n",
            "c/test.en-de.tsv": TEST,
            "d/train.en-de.tsv": "of\tvon\n",
        },
    )
    german, french = sorted(read_benchmarks(tmp_path), key=lambda t: t.name)
    assert french.training_pairs == [("of", "de")]
    assert german.training_pairs == [("of", "von")]


def test_lexicon_of_muse(tmp_path):
    write(
        tmp_path,
        {
            "en-fr.txt": "the le\ncat chat\n",
            "en-fr.0-5000.txt": "the le\nthe la\n",
            "en-fr.5000-6500.txt": "cat chat\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, task.pairs) == ("BLI en-fr", [("cat", "chat")])
    assert task.training_pairs == [("the", "le"), ("the", "la")]


def test_texts_with_labels_are_no_lexicon(tmp_path):
    text = "a nice film\tpositive\na bad film\tnegative\n"
    write(tmp_path, {"test.tsv": text, "train.tsv": text, "mine.tsv": ROW})
    assert names(read_benchmarks(tmp_path)) == ["mine"]


def test_training_alone_is_no_benchmark(tmp_path):
    write(tmp_path, {"train.en-fr.tsv": TEST})
    with pytest.raises(ValueError, match="is for training, without a test"):
        read_benchmarks(tmp_path)


@pytest.mark.parametrize(
    "row, width", [("cow\n", "cow"), ("cow\tvache\tx\n", "x")]
)
def test_wrong_lexicon(tmp_path, row, width):
    with pytest.raises(
        ValueError,
        match=rf"test\.en-fr\.tsv, line 4 must have 2 columns\. .*'{width}'",
    ):
        read_benchmarks(write(tmp_path, {"test.en-fr.tsv": TEST + row}))


# === Entity linking ===

DICTIONARY = "D1||a cold\nD1||a cold\nD1||common cold\nD2|D3||flu\n\n"
CONCEPTS = "11||0|6||Disease||colds||D1\n11||8|11||Disease||flu||D2|D3\n"


def test_linking_of_biosyn(tmp_path):
    write(
        tmp_path / "ncbi",
        {
            "test_dictionary.txt": DICTIONARY,
            "dev_dictionary.txt": DICTIONARY,
            "train_dictionary.txt": "D1||a cold\n",
            "processed_test/11.concept": CONCEPTS,
            "processed_test/12.concept": "12||0|6||Disease||colds||D1\n"
            "12||0|6||Disease||||D1\n12||0|6||Disease||colds||D9\n",
            "processed_test/12.txt": "Colds and flu.\n",
            "processed_traindev/13.concept": "13||0|6||Disease||chill||D1\n",
        },
    )
    test, train = read_benchmarks(tmp_path)
    assert (test.name, train.name) == ("ncbi test", "ncbi traindev")
    assert test.kind == "entity linking"
    assert test.names == ["colds", "flu", "colds", "colds"]
    assert test.concept_ids == ["D1", "D2|D3", "D1", "D9"]
    assert test.dictionary_names[1:] == ["a cold", "common cold", "flu"]
    assert test.dictionary_ids == ["D1", "D1", "D1", "D2|D3"]
    assert [(row.line, row.reason) for row in test.dropped] == [
        (2, "empty text"),
    ]
    assert all(row.path.endswith("12.concept") for row in test.dropped)
    assert train.dictionary_names == ["a cold"]


@pytest.mark.parametrize(
    "queries, name",
    [
        ({"queries.txt": "D1||colds\n"}, "mine"),
        ({"queries_dev.txt": "D1||colds\n"}, "mine dev"),
        ({"1.concept": "1||0|6||Disease||colds||D1\n"}, "mine"),
        ({"part/1.concept": "1||0|6||Disease||colds||D1\n"}, "mine part"),
    ],
)
def test_linking_with_one_dictionary(tmp_path, queries, name):
    write(tmp_path / "mine", {"dictionary.txt": DICTIONARY, **queries})
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, task.names, task.concept_ids) == (
        name,
        ["colds"],
        ["D1"],
    )
    assert task.dictionary_names[1:] == ["a cold", "common cold", "flu"]


@pytest.mark.parametrize("header", ["", "name\tid\n"])
def test_linking_of_tab_files(tmp_path, header):
    write(
        tmp_path / "mine",
        {
            "dictionary.tsv": header + "a cold\tD1\nflu\tD2\n",
            "queries.tsv": header + "colds\tD1\ncolds\tD1\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, task.names, task.concept_ids) == (
        "mine",
        ["colds", "colds"],
        ["D1", "D1"],
    )
    assert task.dictionary_names == ["a cold", "flu"]
    assert task.dictionary_ids == ["D1", "D2"]
    assert not task.dropped


def test_dictionary_without_queries(tmp_path):
    write(tmp_path, {"test_dictionary.txt": DICTIONARY, "mine.tsv": ROW})
    assert names(read_benchmarks(tmp_path)) == ["mine"]
    with pytest.raises(ValueError, match="dictionary.txt must have queries in"):
        read_benchmarks(tmp_path / "test_dictionary.txt")


def test_another_dictionary_is_passed_over(tmp_path):
    write(tmp_path, {"dictionary.txt": "cat\ndog\n", "mine.tsv": "a\tb\t1\n"})
    assert names(read_benchmarks(tmp_path)) == ["mine"]


@pytest.mark.parametrize(
    "files, message",
    [
        (
            {"dictionary.txt": DICTIONARY + "D4 cough\n"},
            r"dictionary\.txt, line 6 must have 2 columns\. .*'D4 cough'",
        ),
        (
            {"1.concept": "1||0|6||colds||D1\n"},
            r"1\.concept, line 1 must have 5 columns",
        ),
        (
            {"1.concept": CONCEPTS + "1||0|6||Disease||colds|| \n"},
            r"1\.concept, line 3 must have an id",
        ),
        (
            {"other_dictionary.txt": DICTIONARY},
            r"1\.concept must have one dictionary\. Received: .*dictionary\.t",
        ),
        (
            {"1.concept": "1||0|6||Disease|| ||D1\n"},
            r"1\.concept must have a name with an id",
        ),
        (
            {"dictionary.txt": "no dictionary\n"},
            r"1\.concept must have a dictionary in its folder or above",
        ),
    ],
    ids=str.split("dictionary columns id two empty none"),
)
def test_wrong_linking(tmp_path, files, message):
    files = {"dictionary.txt": DICTIONARY, "1.concept": CONCEPTS, **files}
    with pytest.raises(ValueError, match=message):
        read_benchmarks(write(tmp_path, files))


# === QNLI ===

QNLI = (
    'index\tquestion\tsentence\tlabel\n0\tWho "is?\tA man.\tentailment\n'
    "1\tWhy?\tA cat.\tnot_entailment\n"
)


def test_qnli(tmp_path):
    text = QNLI + "2\t\tA cow.\tentailment\n"
    (task,) = read_benchmarks(write(tmp_path, {"QNLI/dev.tsv": text}))
    assert (task.name, task.kind) == ("QNLI dev", "entailment")
    assert task.texts_1 == ['Who "is?', "Why?"]
    assert task.texts_2 == ["A man.", "A cat."]
    assert task.labels == [True, False]
    assert task.num_published == 5463
    (row,) = task.dropped
    assert row.path.endswith("dev.tsv")
    assert (row.line, row.reason) == (4, "empty text")


def test_qnli_without_labels(tmp_path):
    text = "index\tquestion\tsentence\n0\tWho?\tA man.\n"
    write(tmp_path, {"train.tsv": QNLI, "test.tsv": text})
    assert names(read_benchmarks(tmp_path)) == ["QNLI train"]
    with pytest.raises(ValueError, match=r"test\.tsv has no column `label`"):
        read_benchmarks(tmp_path / "test.tsv")


@pytest.mark.parametrize(
    "row, message",
    [
        ("2\tWho?\tA man.\tmaybe\n", r"line 4: the label .* Received: 'maybe'"),
        ("2\tWho?\tA man.\t\n", r"line 4: the label must be one of .*: ''"),
        ("2\tWho?\tA man.\n", r"line 4 must have at least 4 columns"),
    ],
)
def test_wrong_qnli(tmp_path, row, message):
    with pytest.raises(ValueError, match=rf"dev\.tsv, {message}"):
        read_benchmarks(write(tmp_path, {"dev.tsv": QNLI + row}))


# === Retrieval ===


def lines(*entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries)


CORPUS = lines(
    {"_id": "d1", "title": "Cats", "text": "purr."},
    {"_id": "d2", "title": "", "text": "Dogs bark."},
    {"_id": "d3", "text": "Cows."},
    {"_id": "d4", "title": None, "text": " "},
)
QUERIES = lines(
    {"_id": "q1", "text": "What purrs?"},
    {"_id": "q2", "text": "What barks?"},
    {"_id": "d3", "text": "Cows."},
    {"_id": "q9", "text": "Not judged."},
)
HEADER = "query-id\tcorpus-id\tscore\n"
QRELS = HEADER + "q1\td1\t2\nq1\td2\t0\nq1\td3\t1\nq2\td2\t1\n"


def beir(folder, qrels=QRELS, **files):
    files = {"corpus": CORPUS, "queries": QUERIES, **files}
    files = {f"cars/{name}.jsonl": text for name, text in files.items()}
    return write(folder, {**files, "cars/qrels/test.tsv": qrels})


def test_beir(tmp_path):
    (task,) = read_benchmarks(beir(tmp_path))
    assert (task.name, task.kind) == ("cars test", "retrieval")
    assert task.queries == ["What purrs?", "What barks?"]
    assert task.documents == ["Cats purr.", "Dogs bark.", "Cows."]
    assert task.relevance == [{0: 2, 2: 1}, {1: 1}]
    assert task.ignored is None
    (row,) = task.dropped
    assert row.path.endswith("corpus.jsonl")
    assert (row.line, row.reason) == (4, "empty text")


def test_beir_with_several_files_of_judgements(tmp_path):
    beir(tmp_path)
    write(tmp_path, {"cars/qrels/dev.tsv": HEADER + "q2\td1\t1\n"})
    dev, test = read_benchmarks(tmp_path)
    assert (dev.name, test.name) == ("cars dev", "cars test")
    assert dev.queries == ["What barks?"] and dev.relevance == [{0: 1}]


def test_beir_leaves_out(tmp_path):
    qrels = HEADER + (
        "q2\td1\t0\nq2\td2\t-1\nq1\td1\t1\nq1\td7\t1\nq7\td1\t1\nq1\td4\t1\n"
    )
    (task,) = read_benchmarks(beir(tmp_path, qrels))
    assert task.queries == ["What purrs?"] and task.relevance == [{0: 1}]
    assert [(row.line, row.reason) for row in task.dropped[1:]] == [
        (5, "document missing"),
        (6, "query missing"),
        (7, "document missing"),
        (2, "no relevant document"),
    ]
    assert all(row.path.endswith("test.tsv") for row in task.dropped[1:])


def test_beir_ignores_the_query_itself(tmp_path):
    qrels = QRELS + "d3\td1\t1\n"
    (task,) = read_benchmarks(beir(tmp_path, qrels))
    assert task.queries[2] == "Cows."
    assert task.ignored == [-1, -1, 2]


def test_judgements_alone_are_no_benchmark(tmp_path):
    qrels = HEADER + "one\tone doc\t1\n"
    write(tmp_path, {"qrels/test.tsv": qrels, "mine.tsv": "a\tb\t1\n"})
    assert names(read_benchmarks(tmp_path)) == ["mine"]
    with pytest.raises(
        ValueError, match=r"test\.tsv must be in a folder `qrel"
    ):
        read_benchmarks(tmp_path / "qrels")


@pytest.mark.parametrize(
    "files, message",
    [
        (
            {"corpus": CORPUS + '{"_id": "d5", "text\n'},
            r"corpus\.jsonl, line 5 is not JSON: ",
        ),
        (
            {"queries": QUERIES + '\n{"_id": "q5"}\n'},
            r"queries\.jsonl, line 6 must be an object with `_id` and `text`",
        ),
        (
            {"queries": "[1]\n"},
            r"queries\.jsonl, line 1 must be an object with `_id` and `text`",
        ),
        (
            {"corpus": CORPUS + '{"_id": "d1", "text": "again"}\n'},
            r"corpus\.jsonl, line 5 must have a unique `_id`\. "
            "Received: 'd1', which line 1 has",
        ),
        (
            {"corpus": '{"_id": "d1", "text": ["a", "b"]}\n'},
            r"corpus\.jsonl, line 1: `title` and `text` must be strings",
        ),
        (
            {"corpus": CORPUS + '{"_id": "d5", "text": "\\ud800"}\n'},
            r"corpus\.jsonl, line 5 must be valid Unicode",
        ),
        (
            {"qrels": "q1\td1\t1\n"},
            r"test\.tsv, line 1 must be the header query-id, corpus-id, score",
        ),
        ({"qrels": ""}, r"test\.tsv, line 1 must be the header"),
        (
            {"qrels": QRELS + "q1\td2\thigh\n"},
            r"test\.tsv, line 6, column 3 must be a finite number",
        ),
        (
            {"qrels": QRELS + "q1\td2\n"},
            r"test\.tsv, line 6 must have at least",
        ),
        (
            {"qrels": QRELS + "q1\td2\t\n"},
            r"test\.tsv, line 6 must have a score",
        ),
        (
            {"qrels": HEADER + "q1\td1\t0\n"},
            r"test\.tsv must have a query with a relevant document",
        ),
    ],
    ids=str.split(
        "json text list twice string unicode header empty number short score "
        "none"
    ),
)
def test_wrong_beir(tmp_path, files, message):
    with pytest.raises(ValueError, match=message):
        read_benchmarks(beir(tmp_path, **files))
