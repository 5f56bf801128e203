"""Readers of labeled texts, and of names in a corpus of PubTator."""

import pytest
from support.benchmarks import names
from support.benchmarks import write

from keras_mirror.evaluation.readers import read_benchmarks

# === Tables ===

TRAIN = (
    "text,category\n"
    '"Where is my parcel, please?",where\n'
    "How do I pay?,how\n"
    '"It came\nbroken.",broken\n'
)
TEST = 'text,category\n"Parcel, where are you?",where\nPaying?,how\n'


def test_a_folder_of_training_and_test_texts(tmp_path):
    write(tmp_path / "shop", {"train.csv": TRAIN, "test.csv": TEST})
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, task.kind) == ("shop test", "labeled texts")
    assert task.labeled_texts == ["Parcel, where are you?", "Paying?"]
    assert task.labels == ["where", "how"]
    assert task.training_texts[::2] == [
        "Where is my parcel, please?",
        "It came\nbroken.",
    ]
    assert task.training_labels == ["where", "how", "broken"]
    assert not task.remarks()


def test_every_split_but_the_training_texts_is_scored(tmp_path):
    write(
        tmp_path / "shop",
        {
            "contest-train.tsv": "intent\tquery\nhow\tHow?\n",
            "contest-dev.tsv": "intent\tquery\nwhy\tWhy?\n",
            "contest-test.tsv": "intent\tquery\nwhere\tWhere?\n",
            "other-test.tsv": "intent\tquery\na\tA?\na\tAa?\n",
        },
    )
    dev, test, other = read_benchmarks(tmp_path)
    assert names([dev, test]) == ["contest-dev", "contest-test"]
    assert other.name == "other-test"
    assert dev.training_texts == test.training_texts == ["How?"]
    assert (dev.labels, test.labels) == (["why"], ["where"])
    assert other.training_texts == []


@pytest.mark.parametrize(
    "name, text",
    [
        ("mine.csv", "sentence,label\nIt is good.,+\nIt is bad.,-\n"),
        ("mine.csv", "id;Query;Intent\n7;It is good.;+\n8;It is bad.;-\n"),
        ("mine.tsv", "label\ttext\n+\tIt is good.\n-\tIt is bad.\n"),
        ("mine.tab", "\ttext\tcategory\n0\tIt is good.\t+\n1\tIt is bad.\t-\n"),
        ("latest.csv", "text,label\nIt is good.,+\nIt is bad.,-\n"),
    ],
)
def test_a_single_table(tmp_path, name, text):
    write(tmp_path, {name: text})
    (task,) = read_benchmarks(tmp_path / name)
    assert task.name == name.split(".")[0]
    assert task.labeled_texts == ["It is good.", "It is bad."]
    assert task.labels == ["+", "-"]
    assert task.training_texts == []


def test_rows_without_text_or_label_are_dropped(tmp_path):
    write(
        tmp_path,
        {
            "train.csv": "text,label\n,a\nA.,a\n",
            "test.csv": "text,label\nB.,a\nC., \n \nD.,a\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert task.labeled_texts == ["B.", "D."]
    dropped = [(d.path[-9:-4], d.line, d.reason) for d in task.dropped]
    assert dropped == [("/test", 3, "no label"), ("train", 2, "empty text")]


@pytest.mark.parametrize(
    "text, message",
    [
        ("text,label\nA.,a\nB, b.,b\n", "line 3 must have 2 columns"),
        ("text,label\n", "test.csv must have a text with a label"),
        ('text,label\nA.,a\n"B.,b\n', "line 3 is not CSV"),
    ],
)
def test_wrong_tables(tmp_path, text, message):
    write(tmp_path, {"test.csv": text})
    with pytest.raises(ValueError, match=message):
        read_benchmarks(tmp_path)


def test_training_texts_alone_are_no_benchmark(tmp_path):
    write(tmp_path, {"train.csv": TRAIN})
    with pytest.raises(ValueError, match="must have a table beside it with"):
        read_benchmarks(tmp_path / "train.csv")


@pytest.mark.parametrize(
    "text",
    [
        "text1,text2,score\nA man.,A cat.,1\nA man.,A dog.,2\n",
        "sentence1,sentence2,label,score\nA man.,A cat.,x,1\nA.,B.,x,2\n",
        "A man.,A cat.,1\nA man.,A dog.,2\n",
    ],
)
def test_two_texts_and_a_score_stay_what_they_are(tmp_path, text):
    (task,) = read_benchmarks(write(tmp_path, {"mine.csv": text}))
    assert task.kind == "sentence similarity"
    assert task.scores == [1.0, 2.0]


def test_a_question_and_its_answer_stay_what_they_are(tmp_path):
    text = "question\tsentence\tlabel\nWho?\tA man.\tentailment\n"
    (task,) = read_benchmarks(write(tmp_path, {"dev.tsv": text}))
    assert task.kind == "entailment"


# === Pairs of files ===


def test_titles_with_their_labels(tmp_path):
    write(
        tmp_path,
        {
            "title_Garden.txt": "How to sow, and when?\n\nBest rake\n",
            "label_Garden.txt": "3\n3\n17\n",
            "title_Alone.txt": "No label.\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, task.kind) == ("Garden", "labeled texts")
    assert task.labeled_texts == ["How to sow, and when?", "Best rake"]
    assert task.labels == ["3", "17"]
    (remark,) = task.remarks()
    assert remark.startswith("1 dropped, empty text (") and "line 2" in remark


def test_labels_for_other_lines_are_an_error(tmp_path):
    write(tmp_path, {"title_a.txt": "A.\nB.\n", "label_a.txt": "1\n"})
    with pytest.raises(ValueError, match="1 lines for 2 texts"):
        read_benchmarks(tmp_path)


# === PubTator ===

CORPUS = """\
7|t|On cold and flu.
7|a|A cold comes with MESH:D9 in winter, a bad cold or flu too.
7\t3\t7\tcold\tDisease\tMESH:D1
7\t12\t15\tflu\tDisease\t77 
7\t40\t60\tbad cold or flu\tComposite\tD1|OMIM:77
7\t40\t60\tcold flu\tComposite\tD1+D2
7\t41\t60\tman cold\tDisease\tD404

8|t|Nothing.
8|a|Empty.
"""
MEDIC = """\
MESH:D1||Common Cold|Cold, Common
D2|OMIM:77||Influenza|Flu|a||b
D3||Flu|flu
"""


def test_mentions_of_a_corpus_with_its_dictionary(tmp_path):
    write(tmp_path / "colds", {"testset.txt": CORPUS, "medic.txt": MEDIC})
    (task,) = read_benchmarks(tmp_path)
    assert (task.name, task.kind) == ("colds test", "entity linking")
    assert task.names == ["cold", "flu", "man cold"]
    assert task.concept_ids == ["D1", "77", "D404"]
    assert list(
        zip(task.dictionary_names, task.dictionary_ids, strict=True)
    ) == [
        ("Common Cold", "D1"),
        ("Cold, Common", "D1"),
        ("Influenza", "D2|77"),
        ("Flu", "D2|77|D3"),
        ("a", "D2|77"),
        ("b", "D2|77"),
        ("flu", "D3"),
    ]
    (remark,) = task.remarks()
    assert remark.startswith("2 dropped, mention of several concepts (")
    assert "line 5" in remark


def test_corpora_of_a_folder_share_the_dictionary(tmp_path):
    files = {"NCBI_dev.txt": CORPUS, "NCBI_test.txt": CORPUS, "m.txt": MEDIC}
    write(tmp_path / "colds", files)
    # The dictionary of another folder is not theirs.
    write(tmp_path / "other", {"medic.txt": "D5||Fever\n"})
    tasks = read_benchmarks(tmp_path)
    assert names(tasks) == ["colds dev", "colds test"]
    assert {len(task.dictionary_names) for task in tasks} == {7}


def test_processed_files_beside_a_corpus_stay_what_they_are(tmp_path):
    write(
        tmp_path,
        {
            "colds/NCBItestset_corpus.txt": CORPUS,
            "colds/test_dictionary.txt": "D1||cold\n",
            "colds/processed_test/7.concept": "7||3|7||Disease||cold||D1\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert task.names == ["cold"] and task.dictionary_names == ["cold"]


@pytest.mark.parametrize(
    "corpus, medic, message",
    [
        (CORPUS, None, "must have one dictionary of id|.* Received: none"),
        (CORPUS + "8\t1\t2\tflu\n", MEDIC, "line 11 must have 6 columns"),
        (CORPUS, MEDIC + "||a\n", "line 4 must have an id and names"),
        (CORPUS, MEDIC + "D3||\n", "line 4 must have an id and names"),
        (CORPUS[:80], MEDIC, "must have a mention of one concept"),
    ],
)
def test_wrong_corpora(tmp_path, corpus, medic, message):
    files = {"corpus.txt": corpus}
    files |= {"medic.txt": medic} if medic else {}
    with pytest.raises(ValueError, match=message):
        read_benchmarks(write(tmp_path, files))


def test_two_dictionaries_are_an_error(tmp_path):
    write(tmp_path, {"a.txt": CORPUS, "b.txt": MEDIC, "c.txt": MEDIC})
    with pytest.raises(ValueError, match="must have one dictionary .*c.txt"):
        read_benchmarks(tmp_path)
