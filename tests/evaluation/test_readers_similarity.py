"""Readers of pairs of sentences and of words."""

import pytest
from support.benchmarks import names
from support.benchmarks import write

from keras_mirror.evaluation.readers import read_benchmarks

# === SemEval STS ===

PAIRS = "A man.\tA cat.\nA dog.\tA cow.\textra\tcolumns\n"


@pytest.mark.parametrize(
    "name",
    [
        "STS14-en-test/STS.{}.images.txt",
        "sts-en-test-gs-2014/STS.{}.images.txt",
        "STS2014/test-gold/STS.{}.images.txt",
        "2014/STS.{}.images.txt",
        "any/STS2014.{}.images.txt",
        "SemEval-2014/test/STS.{}.images.txt",
    ],
    # Or else the year is in the name of the temporary folder.
    ids=str.split("senteval owners above bare file semeval"),
)
def test_year_of_sts(tmp_path, name):
    files = {name.format("input"): PAIRS, name.format("gs"): "2.5\n4\n"}
    (task,) = read_benchmarks(write(tmp_path, files))
    assert (task.name, task.kind) == ("STS14", "sentence similarity")
    assert task.texts_1 == ["A man.", "A dog."]
    assert task.texts_2 == ["A cat.", "A cow."]
    assert task.scores == [2.5, 4.0]
    assert task.subsets == ["images", "images"]
    assert task.num_published == 3750


@pytest.mark.parametrize(
    "year, num_published",
    [(12, 3108), (13, 1500), (14, 3750), (15, 3000), (16, 1186)],
)
def test_subsets_of_a_year(tmp_path, year, num_published):
    folder = f"STS{year}-en-test/STS"
    write(
        tmp_path,
        {
            f"{folder}.input.surprise.OnWN.txt": "A\tB\nC\tD\n",
            f"{folder}.gs.surprise.OnWN.txt": "1\n2\n",
            f"{folder}.input.MSRpar.txt": "E\tF\n",
            f"{folder}.gs.MSRpar.txt": "3\n",
            f"{folder}.input.ALL.txt": "E\tF\nA\tB\nC\tD\n",
            f"{folder}.gs.ALL.txt": "3\n1\n2\n",
            f"{folder}.gs.SMT.txt": "1\n2\n",  # as in 2013: not for free
            f"{folder}.output.MSRpar.txt": "3 100\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert task.name == f"STS{year}"
    assert task.subsets == ["MSRpar", "surprise.OnWN", "surprise.OnWN"]
    assert task.scores == [3.0, 1.0, 2.0]
    assert task.num_published == num_published


@pytest.mark.parametrize(
    "year, subset",
    [
        (12, "MSRpar"),
        (13, "FNWN"),
        (14, "deft-forum"),
        (15, "belief"),
        (16, "plagiarism"),
    ],
)
def test_year_told_by_the_other_subsets(tmp_path, year, subset):
    files = {
        f"test-gold/STS.{kind}.{name}.txt": text
        for kind, text in (("input", PAIRS), ("gs", "1\n2\n"))
        for name in (subset, "headlines")
    }
    (task,) = read_benchmarks(write(tmp_path, files))
    assert (task.name, len(task.scores)) == (f"STS{year}", 4)


def test_subset_all_alone(tmp_path):
    folder = "STS12-en-test/STS"
    files = {f"{folder}.input.ALL.txt": PAIRS, f"{folder}.gs.ALL.txt": "1\n2\n"}
    (task,) = read_benchmarks(write(tmp_path, files))
    assert (task.name, task.scores) == ("STS12", [1.0, 2.0])


def test_sts13_with_its_licensed_subset(tmp_path):
    folder = "STS13-en-test/STS"
    files = {f"{folder}.input.SMT.txt": PAIRS, f"{folder}.gs.SMT.txt": "1\n2\n"}
    (task,) = read_benchmarks(write(tmp_path, files))
    assert task.num_published == 2250


def test_unscored_pairs(tmp_path):
    write(
        tmp_path,
        {
            "STS2016.input.a.txt": "A\tB\nC\tD\nE\t\nG\tH\nI\tJ\n\n",
            "STS2016.gs.a.txt": "\n1\n2\n3\r\n\n\n\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert (task.texts_1, task.scores) == (["C", "G"], [1.0, 3.0])
    assert [(row.path, row.line, row.reason) for row in task.dropped] == [
        (str(tmp_path / "STS2016.gs.a.txt"), 1, "no score"),
        (str(tmp_path / "STS2016.input.a.txt"), 3, "empty text"),
        (str(tmp_path / "STS2016.gs.a.txt"), 5, "no score"),
    ]


def test_tracks_of_2017_with_scores_in_another_folder(tmp_path):
    tracks = "track1.ar-ar track4a.es-en track4b.es-en track5.en-en".split()
    for score, track in enumerate(tracks):
        inputs = f"STS2017.eval.v1.1/STS.input.{track}.txt"
        scores = f"STS2017.gs/STS.gs.{track}.txt"
        write(tmp_path, {inputs: PAIRS, scores: f"{score}\n4\n"})
    tasks = read_benchmarks(tmp_path)
    assert names(tasks) == [
        "STS17 ar-ar",
        "STS17 es-en",
        "STS17 es-en 4b",
        "STS17 en-en",
    ]
    assert [task.scores[0] for task in tasks] == [0.0, 1.0, 2.0, 3.0]
    assert {task.num_published for task in tasks} == {250}


@pytest.mark.parametrize(
    "scores",
    ["STS2014.gs/STS.gs.a.txt", "STS.gs.a.txt", "x/y/z/STS.gs.a.txt"],
)
def test_scores_elsewhere_below_the_given_folder(tmp_path, scores):
    files = {"STS2014.eval/in/STS.input.a.txt": PAIRS, scores: "1\n2\n"}
    (task,) = read_benchmarks(write(tmp_path, files))
    assert (task.name, task.scores) == ("STS14", [1.0, 2.0])


def test_the_nearest_scores_are_taken(tmp_path):
    write(
        tmp_path,
        {
            "STS2014/eval/STS.input.a.txt": PAIRS,
            "STS2014/gs/STS.gs.a.txt": "1\n2\n",
            "A/far/away/STS.gs.a.txt": "3\n4\n",
        },
    )
    (task,) = read_benchmarks(tmp_path)
    assert task.scores == [1.0, 2.0]


def test_scores_of_another_year_are_not_taken(tmp_path):
    write(
        tmp_path,
        {
            "STS2013/STS.input.headlines.txt": PAIRS,
            "STS2014/STS.input.headlines.txt": PAIRS,
            "STS2014/STS.gs.headlines.txt": "1\n2\n",
        },
    )
    with pytest.raises(
        ValueError, match=r"STS2013.STS\.input\.headlines\.txt must have its sc"
    ):
        read_benchmarks(tmp_path)


def test_several_years_and_the_training_part(tmp_path):
    for folder in ("STS2012/train", "STS2012/test-gold", "STS2013", "other"):
        files = {f"{folder}/STS.input.a.txt": PAIRS}
        files[f"{folder}/STS.gs.a.txt"] = "1\n2\n"
        write(tmp_path, files)
    tasks = read_benchmarks(tmp_path)
    assert names(tasks) == ["STS12", "STS12 train", "STS13", "STS other"]
    assert [task.num_published for task in tasks] == [3108, None, 1500, None]


def test_one_input_file_given_by_name(tmp_path):
    write(
        tmp_path / "STS15-en-test",
        {"STS.input.a.txt": PAIRS, "STS.gs.a.txt": "1\n2\n"},
    )
    (task,) = read_benchmarks(tmp_path / "STS15-en-test" / "STS.input.a.txt")
    assert (task.name, task.scores) == ("STS15", [1.0, 2.0])


def test_relative_path_inside_the_folder(tmp_path, monkeypatch):
    folder = tmp_path / "STS15-en-test"
    write(folder, {"STS.input.a.txt": PAIRS, "STS.gs.a.txt": "1\n2\n"})
    monkeypatch.chdir(folder)
    assert names(read_benchmarks(".")) == ["STS15"]


def test_files_of_the_original_mirror_bert(tmp_path):
    text = '2.5\tA "man.\tA cat.\n\tA dog.\tA cow.\n4\tA.\tB.\n'
    (task,) = read_benchmarks(write(tmp_path, {"2012.test.tsv": text}))
    assert (task.name, task.num_published) == ("STS12", 3108)
    assert task.texts_1 == ['A "man.', "A."]
    assert task.scores == [2.5, 4.0]
    assert [(row.line, row.reason) for row in task.dropped] == [(2, "no score")]


@pytest.mark.parametrize(
    "files, message",
    [
        (
            {"STS2012.input.a.txt": PAIRS},
            r"STS2012\.input\.a\.txt must have its scores in a file "
            r"'STS2012\.gs\.a\.txt'",
        ),
        (
            {"STS2012.input.a.txt": PAIRS, "STS2012.gs.a.txt": "1\n"},
            r"STS2012\.gs\.a\.txt must have a line for each pair of .*"
            r"STS2012\.input\.a\.txt\. Received: 1 lines for 2 pairs",
        ),
        (
            {"STS2012.input.a.txt": PAIRS, "STS2012.gs.a.txt": "1\n2\n3\n"},
            r"Received: 3 lines for 2 pairs",
        ),
        (
            {"STS2012.input.a.txt": "A\tB\nC\n", "STS2012.gs.a.txt": "1\n2\n"},
            r"input\.a\.txt, line 2 must have at least 2 columns",
        ),
        (
            {
                "STS2012.input.a.txt": "A\tB\n\nC\tD\n",
                "STS2012.gs.a.txt": "1\n2\n3\n",
            },
            r"input\.a\.txt, line 2 must have at least 2 columns",
        ),
        (
            {"STS2012.input.a.txt": PAIRS, "STS2012.gs.a.txt": "1\nbad\n"},
            r"gs\.a\.txt, line 2, column 1 must be a finite number\. "
            "Received: 'bad'",
        ),
        (
            {
                "in/STS2012.input.a.txt": PAIRS,
                "b/STS2012.gs.a.txt": "1\n2\n",
                "c/STS2012.gs.a.txt": "1\n2\n",
            },
            r"must have one file 'STS2012\.gs\.a\.txt' with its scores\. "
            r"Received: .*b.STS2012\.gs\.a\.txt and .*c.STS2012\.gs\.a\.txt",
        ),
        (
            {"2012.test.tsv": "1\tA\tB\n1\tA\n"},
            r"2012\.test\.tsv, line 2 must have at least 3 columns",
        ),
    ],
    ids=str.split("missing fewer more short blank number two mirror"),
)
def test_wrong_sts(tmp_path, files, message):
    with pytest.raises(ValueError, match=message):
        read_benchmarks(write(tmp_path, files))


# === STS Benchmark ===

STS_B = (
    'news\tMSRvid\t2012test\t0001\t5.000\tA "plane.\tAn air plane.\n'
    "news\tMSRvid\t2012test\t0004\t3.800\tA man.\tA cat.\tlicence\tlicence\n"
)


@pytest.mark.parametrize(
    "name, num_published",
    [
        ("sts-train.csv", 5749),
        ("sts-dev.csv", 1500),
        ("sts-test.csv", 1379),
        ("sts-b-test.txt", 1379),
        ("stsb_dev.tsv", 1500),
        ("STSbenchmark-dev.tsv", 1500),
    ],
)
def test_sts_benchmark(tmp_path, name, num_published):
    (task,) = read_benchmarks(write(tmp_path, {name: STS_B}) / name)
    split = {5749: "train", 1500: "dev", 1379: "test"}[num_published]
    assert (task.name, task.kind) == (f"STS-B {split}", "sentence similarity")
    assert task.texts_1 == ['A "plane.', "A man."]
    assert task.texts_2 == ["An air plane.", "A cat."]
    assert task.scores == [5.0, 3.8]
    assert task.num_published == num_published


def test_sts_benchmark_of_glue(tmp_path):
    header = "index\tgenre\tsource1\tsource2\tsentence1\tsentence2"
    row = "\n0\tnews\tx\ty\tA\tB"
    files = {
        f"{split}.tsv": f"{header}\tscore{row}\t2.5\n"
        for split in ("train", "dev")
    }
    write(tmp_path, {**files, "test.tsv": f"{header}{row}\n"})
    tasks = read_benchmarks(tmp_path)
    assert names(tasks) == ["STS-B dev", "STS-B train"]
    assert tasks[0].texts_2 == ["B"] and tasks[0].scores == [2.5]
    assert tasks[0].num_published == 1500
    with pytest.raises(ValueError, match=r"test\.tsv has no column `score`"):
        read_benchmarks(tmp_path / "test.tsv")


def test_another_table_with_the_name_of_sts_benchmark(tmp_path):
    text = "text1,text2,score\nA man,A cat,2\n"
    (task,) = read_benchmarks(write(tmp_path, {"sts-dev.csv": text}))
    assert (task.name, task.texts_2) == ("sts-dev", ["A cat"])


@pytest.mark.parametrize(
    "row, message",
    [
        ("a\tb\tc\td\t5.0\tA\n", r"line 3 must have at least 7 columns"),
        ("a\tb\tc\td\tmuch\tA\tB\n", r"line 3, column 5 must be a finite"),
    ],
)
def test_wrong_sts_benchmark(tmp_path, row, message):
    write(tmp_path, {"sts-dev.csv": STS_B + row})
    with pytest.raises(ValueError, match=rf"sts-dev\.csv, {message}"):
        read_benchmarks(tmp_path)


# === SICK ===

SICK = (
    "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    "1\tA man\tA cat\t4.5\tNEUTRAL\n2\tA dog\tA cow\t3\tENTAILMENT\n"
)


@pytest.mark.parametrize(
    "name, part, num_published",
    [
        ("SICK_train.txt", "train", 4500),
        ("SICK_trial.txt", "trial", 500),
        ("SICK_test_annotated.txt", "test", 4927),
    ],
)
def test_sick(tmp_path, name, part, num_published):
    (task,) = read_benchmarks(write(tmp_path, {name: SICK}))
    assert (task.name, task.kind) == (f"SICK {part}", "sentence similarity")
    assert task.texts_1 == ["A man", "A dog"]
    assert task.texts_2 == ["A cat", "A cow"]
    assert task.scores == [4.5, 3.0]
    assert task.num_published == num_published


@pytest.mark.parametrize("name", ["SICK.txt", "SICK_annotated.txt"])
def test_sick_as_a_whole(tmp_path, name):
    header = (
        "pair_ID\tsentence_A\tsentence_B\tentailment_label\t"
        "relatedness_score\tsentence_A_original\tSemEval_set\n"
    )
    rows = (
        "1\tA\tB\tNEUTRAL\t4\tX\tTRAIN\n2\tC\tD\tNEUTRAL\t3\tX\tTEST\n"
        "3\tE\tF\tNEUTRAL\t2\tX\tTRIAL\n4\tG\tH\tNEUTRAL\t1\tX\tTEST\n"
    )
    tasks = read_benchmarks(write(tmp_path, {name: header + rows}))
    assert {t.name: (t.texts_1, t.scores, t.num_published) for t in tasks} == {
        "SICK train": (["A"], [4.0], 4500),
        "SICK test": (["C", "G"], [3.0, 1.0], 4927),
        "SICK trial": (["E"], [2.0], 500),
    }


def test_sick_without_scores(tmp_path):
    text = "pair_ID\tsentence_A\tsentence_B\n6\tA man\tA cat\n"
    write(tmp_path, {"SICK_test.txt": text, "SICK_trial.txt": SICK})
    assert names(read_benchmarks(tmp_path)) == ["SICK trial"]
    with pytest.raises(ValueError, match="SICK_test.txt has no column `score`"):
        read_benchmarks(tmp_path / "SICK_test.txt")


@pytest.mark.parametrize(
    "text, message",
    [
        (SICK + "3\tA\tB\tvery\tX\n", "line 4, column 4 must be a finite"),
        (SICK + "3\tA\n", "line 4 must have at least 3 columns"),
        (
            "sentence_A\tsentence_B\trelatedness_score\tSemEval_set\n"
            "A\tB\t1\tDEV\n",
            "line 2: `SemEval_set` must be one of .* Received: 'DEV'",
        ),
    ],
    ids=["score", "short", "set"],
)
def test_wrong_sick(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"SICK_x\.txt, {message}"):
        read_benchmarks(write(tmp_path, {"SICK_x.txt": text}))


# === Word similarity ===

THREE = "gem\tjewel\t3.9\nnoon\tstring\t0.1\n"


@pytest.mark.parametrize(
    "file, text, name, num_published",
    [
        ("EN-SIMLEX-999.txt", THREE, "SimLex-999", 999),
        (
            "SimLex-999.txt",
            "word1\tword2\tPOS\tSimLex999\tconc(w1)\tSD(SimLex)\n"
            "gem\tjewel\tN\t3.9\t2\t1.1\nnoon\tstring\tN\t0.1\t3\t0.5\n",
            "SimLex-999",
            999,
        ),
        (
            "SimVerb-3500.txt",
            "gem\tjewel\tV\t3.9\tSYNONYMS\nnoon\tstring\tV\t0.1\tNONE\n",
            "SimVerb-3500",
            3500,
        ),
        ("EN-SimVerb-3500.txt", THREE, "SimVerb-3500", 3500),
        ("EN-MEN-TR-3k.txt", THREE, "MEN", 3000),
        (
            "MEN_dataset_natural_form_full",
            THREE.replace("\t", " "),
            "MEN",
            3000,
        ),
        (
            "MEN_dataset_lemma_form_full",
            "gem-n jewel-n 3.9\nnoon-n string-v 0.1\n",
            "MEN",
            3000,
        ),
        (
            "combined.csv",
            "Word 1,Word 2,Human (mean)\ngem,jewel,3.9\nnoon,string,0.1\n",
            "WordSim-353",
            353,
        ),
        (
            "combined.tab",
            "Word 1\tWord 2\tHuman (mean)\n" + THREE,
            "WordSim-353",
            353,
        ),
        ("EN-WS-353-ALL.txt", THREE, "WordSim-353", 353),
        (
            "rw.txt",
            "gem\tjewel\t3.9\t5\t7\t9\nnoon\tstring\t0.1\t0\t0\t1\n",
            "RareWords",
            2034,
        ),
        ("EN-RW-STANFORD.txt", THREE, "RareWords", 2034),
        ("EN-RG-65.txt", THREE, "RG-65", 65),
        ("rg65.csv", THREE.replace("\t", ";"), "RG-65", 65),
        ("EN-MC-30.txt", THREE, "MC-30", 30),
        ("EN-MTurk-771.txt", THREE, "MTurk-771", 771),
        ("EN-WS-353-REL.txt", THREE, "EN-WS-353-REL", None),
        ("combined.txt", THREE, "combined", None),
    ],
)
def test_word_similarity(tmp_path, file, text, name, num_published):
    (task,) = read_benchmarks(write(tmp_path, {file: text}))
    assert (task.name, task.kind) == (name, "word similarity")
    assert task.texts_1 == ["gem", "noon"]
    assert task.texts_2 == ["jewel", "string"]
    assert task.scores == [3.9, 0.1]
    assert task.num_published == num_published


def test_words_that_end_as_lemmas_do(tmp_path):
    text = "sun-n moon 5\nvitamin-a food 2\n"
    (task,) = read_benchmarks(write(tmp_path, {"MEN.txt": text}))
    assert task.texts_1 == ["sun-n", "vitamin-a"]


@pytest.mark.parametrize(
    "file, text, message",
    [
        ("RG-65.txt", THREE + "a\tb\n", "line 3 must have at least 3 columns"),
        ("MEN.txt", "a b 1\n" * 4 + "a b\n", "line 5 must have at least 3 c"),
        ("rw.txt", THREE + "a\tb\tx\n", "line 3, column 3 must be a finite"),
        (
            "SimVerb-3500.txt",
            "a\tb\tV\t1\tX\na\tb\tV\t?\tX\n",
            "line 2, column 4 must be a finite",
        ),
    ],
)
def test_wrong_word_similarity(tmp_path, file, text, message):
    with pytest.raises(ValueError, match=f"{file}, {message}"):
        read_benchmarks(write(tmp_path, {file: text}))


# === Multi-SimLex ===

WORDS = "ID,ENG 1,ENG 2,FRA 1,FRA 2,note\n1,cat,dog,chat,chien,x\n2,a,b,c,,x\n"
SCORES = "ID,ENG,FRA\n2,1.5,2\n1,4,3\n"


def test_multi_simlex(tmp_path):
    files = {"ms/translation.csv": WORDS, "ms/scores.csv": SCORES}
    english, french = read_benchmarks(write(tmp_path, files))
    assert (english.name, french.name) == (
        "Multi-SimLex eng",
        "Multi-SimLex fra",
    )
    assert {english.kind, french.kind} == {"word similarity"}
    assert (english.texts_1, english.texts_2) == (["cat", "a"], ["dog", "b"])
    assert english.scores == [4.0, 1.5]
    assert (french.texts_1, french.scores) == (["chat"], [3.0])
    (row,) = french.dropped
    assert row.path.endswith("translation.csv") and row.line == 3
    assert row.reason == "empty text"
    assert english.num_published == french.num_published == 1888


def test_multi_simlex_without_ids(tmp_path):
    words = "ENG 1,ENG 2\ncat,dog\na,b\n"
    files = {"translation.csv": words, "scores.csv": SCORES}
    (english,) = read_benchmarks(write(tmp_path, files))
    assert english.scores == [1.5, 4.0]


def test_multi_simlex_of_one_language(tmp_path):
    text = "id\tpos\tword1\tword2\tmean_score\n1\tnouns\thot dog\tbrass\t2.6\n"
    (task,) = read_benchmarks(write(tmp_path, {"multisimlex-french.tsv": text}))
    assert (task.name, task.kind) == ("Multi-SimLex french", "word similarity")
    assert (task.texts_1, task.scores) == (["hot dog"], [2.6])
    assert task.num_published is None


@pytest.mark.parametrize(
    "words, scores, message",
    [
        (
            WORDS,
            SCORES + "3,1,1\n",
            r"translation\.csv and .*scores\.csv must have the same number of "
            "rows. Received: 2 and 3 rows",
        ),
        (
            WORDS,
            SCORES.replace("\n2", "\n7"),
            r"translation\.csv, line 3 must have a unique ID .* Received: '2'",
        ),
        (
            WORDS,
            SCORES.replace("\n2", "\n1"),
            r"scores\.csv, line 3 must have a unique ID .* Received: '1'; line",
        ),
        (
            WORDS.replace("\n2", "\n1"),
            SCORES,
            r"translation\.csv, line 3 must have a unique ID .* Received: '1'",
        ),
        (
            WORDS,
            SCORES.replace("FRA", "EST"),
            r"scores\.csv, line 1 must have a column `FRA`",
        ),
        (
            WORDS.replace("ENG 2", "ENG B"),
            SCORES,
            r"translation\.csv, line 1 must have a column `ENG 2`",
        ),
        (
            "ID,word,other\n1,cat,dog\n2,a,b\n",
            SCORES,
            r"translation\.csv, line 1 must have columns such as `ENG 1`",
        ),
        (WORDS, SCORES.replace("1.5", "?"), r"scores\.csv, line 2, column 2"),
        (WORDS, "", r"scores\.csv must have a header and rows"),
    ],
    ids=str.split("rows id twice word language second none number empty"),
)
def test_wrong_multi_simlex(tmp_path, words, scores, message):
    files = {"translation.csv": words, "scores.csv": scores}
    with pytest.raises(ValueError, match=message):
        read_benchmarks(write(tmp_path, files))


# === SemEval 2017, task 2 ===


def test_semeval_words(tmp_path):
    rows = "hot dog\tWurst\ncat\tHund\n"
    write(
        tmp_path,
        {
            "cross/data/en-de.test.data.txt": rows,
            "cross/keys/en-de.test.gold.txt": "3.5\n1\n",
            "mono/en.test.data.txt": rows,
            "mono/en.test.gold.txt": "2\n0\n",
            "mono/en.trial.data.txt": rows,
            "mono/en.trial.gold.txt": "4\n1\n",
            # Of SemEval 2023: the same names, another task.
            "images/fa.test.data.txt": "cat\tcat food\ta.jpg\tb.jpg\n",
        },
    )
    tasks = read_benchmarks(tmp_path)
    assert names(tasks) == [
        "SemEval-2017 en-de",
        "SemEval-2017 en",
        "SemEval-2017 en trial",
    ]
    assert {task.kind for task in tasks} == {"word similarity"}
    assert tasks[0].texts_1 == ["hot dog", "cat"]
    assert tasks[0].texts_2 == ["Wurst", "Hund"]
    assert [task.scores[0] for task in tasks] == [3.5, 2.0, 4.0]
    assert [task.num_published for task in tasks] == [None, 500, None]


@pytest.mark.parametrize(
    "files, message",
    [
        (
            {},
            r"en-de\.test\.data\.txt must have its scores in a file 'en-de\.t",
        ),
        ({"en-de.test.gold.txt": "1\n"}, "Received: 1 lines for 2 pairs"),
        (
            {"en-de.test.gold.txt": "1\n?\n"},
            r"gold\.txt, line 2, column 1 must be a finite number",
        ),
    ],
)
def test_wrong_semeval_words(tmp_path, files, message):
    files = {"en-de.test.data.txt": "cat\tHund\na\tb\n", **files}
    with pytest.raises(ValueError, match=message):
        read_benchmarks(write(tmp_path, files))


@pytest.mark.parametrize(
    "text, message",
    [
        ("score,text1,text2\n2,a,b\n3,a, and b,c\n", "line 3 must have 3 col"),
        ("text1;text2;score\na;b;1\na;b\n", "line 3 must have 3 columns"),
        (
            "text1,text2,score,Score\na,b,1,2\n",
            "line 1 must name one column `score`. Received: 2 of that name",
        ),
        (
            "text1,text2,text 2,score\na,b,c,1\n",
            "line 1 must name one column `text2`. Received: 2 of that name",
        ),
    ],
)
def test_tables_that_are_not_as_their_header_says(tmp_path, text, message):
    path = write(tmp_path, {"mine.csv": text}) / "mine.csv"
    with pytest.raises(ValueError, match=message):
        read_benchmarks(path)
