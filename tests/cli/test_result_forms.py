import csv
import io
import json

import click
import pytest

from keras_mirror.cli.command import Command
from keras_mirror.cli.command import OpenOption
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.facts import values_of
from keras_mirror.cli.facts import words_of
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.sheet import Sheet

SHEET = Sheet(
    ["name", "score", "note"],
    [
        ("a_b & 50%", "-1.50 [-2, 1]", 'say "x", y'),
        None,
        ("[c]\x1b", 7.5, None),
    ],
)


# === A sheet ===


def test_csv_is_read_back():
    rows = list(csv.reader(io.StringIO(SHEET.as_csv())))
    assert rows == [
        ["name", "score", "note"],
        ["a_b & 50%", "-1.50 [-2, 1]", 'say "x", y'],
        ["[c]\x1b", "7.5", ""],
    ]


def test_latex_obeys_no_cell():
    assert SHEET.as_latex().splitlines() == [
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lrl}",
        r"\toprule",
        r"name & score & note \\",
        r"\midrule",
        r"a\_b \& 50\% & $-$1.50 {[}-2, 1] & say "
        r'"x", y \\',
        r"\midrule",
        r"{[}c]\textbackslash{}u001b & 7.5 &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


# === The words behind an option ===


@click.command(cls=Command)
@click.argument("words", nargs=-1)
@result_options("json", "csv")
@click.option("--seeds", cls=OpenOption, word=r"\d+")
def made(forms, words, seeds):
    return forms.paths, words, seeds


def read(*arguments):
    return made.main(list(arguments), standalone_mode=False)


@pytest.mark.parametrize(
    "arguments, paths, words, seeds",
    [
        ("x", {}, ("x",), None),
        ("x --json", {"json": "-"}, ("x",), None),
        ("--json x y", {"json": "-"}, ("x", "y"), None),
        ("--json /dev/null x", {"json": "/dev/null"}, ("x",), None),
        ("--json no/x.csv", {"json": "-"}, ("no/x.csv",), None),
        ("--seeds 1 2 3 x 4", {}, ("x", "4"), "1,2,3"),
        ("--seeds=1,2 3", {}, ("3",), "1,2"),
        ("-- --json --seeds 1", {}, ("--json", "--seeds", "1"), None),
    ],
)
def test_an_option_takes_the_words_that_fit(arguments, paths, words, seeds):
    assert read(*arguments.split()) == (paths, words, seeds)


def test_a_file_behind_each_form(tmp_path):
    one, other = str(tmp_path / "one.json"), str(tmp_path / "other.csv")
    paths, words, _ = read("--json", one, "next.json", "--csv", other, "x")
    assert paths == {"json": one, "csv": other}
    assert words == ("next.json", "x")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--json", "--csv"], "--json and --csv cannot be printed together"),
        (["--csv=x.txt"], "--csv must end in .csv. Received: x.txt"),
        (["--seeds"], "requires an argument"),
    ],
)
def test_wrong_forms(arguments, message):
    with pytest.raises(click.UsageError) as error:
        read(*arguments)
    assert message in error.value.format_message()


def test_facts_are_words_or_values():
    rows = {"read": 3, "empty": Fact(1, "1 dropped"), "last loss": Fact(0.5)}
    assert words_of(rows) == {"read": 3, "empty": "1 dropped"}
    assert values_of(rows) == {"read": 3, "empty": 1, "last_loss": 0.5}


# === Commands ===


def test_presets_in_all_forms(command, tmp_path):
    path = tmp_path / "presets.tex"
    code, screen, _ = command("presets", "--csv", "--latex", path)
    rows = list(csv.DictReader(io.StringIO(screen)))
    assert code == 0 and len(rows) > 5
    (row,) = [row for row in rows if row["name"] == "mirror_student_en"]
    assert (row["kind"], row["stsb_test"]) == ("encoder", "81.35")
    assert r"mirror\_student\_en & English & 21 &" in path.read_text()
    code, screen, errors = command("presets", "--latex", path)
    assert (code, screen) == (2, "") and f"'{path}' exists" in errors
    code, screen, _ = command("presets", "--latex", path, "--overwrite")
    assert code == 0 and screen.startswith("name  ")  # people read on


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("a man\n\na woman\na man plays\n", encoding="utf-8")
    return path


def test_summaries_and_rows_for_programs(command, archive, corpus, tmp_path):
    vectors, index = tmp_path / "vectors.npy", tmp_path / "texts.index"

    def told(*arguments):
        code, screen, errors = command(*arguments, "--json")
        assert code == 0, errors
        return json.loads(screen)

    facts = told("encode", archive, corpus, "--output", vectors)
    assert facts.pop("seconds") > 0
    size = {"texts": 4, "cut": 0, "dimensions": 8}
    assert facts == {**size, "vectors": str(vectors)}
    facts = told("index", archive, corpus, "--output", index)
    assert (facts["lines"], facts["empty"]) == (4, 1)
    assert facts["index"] == str(index)

    found = told("duplicates", index, "--threshold", -1)
    assert found["threshold"] == -1 and len(found["rows"]) == 3
    best = found["rows"][0]
    line = command("duplicates", index, "--threshold", -1)[1].splitlines()[0]
    assert line.split("\t") == [
        f"{best['cosine']:.4f}",
        *(best[name] for name in ("id_1", "id_2", "text_1", "text_2")),
    ]
    clusters = told("cluster", index, "--clusters", 2)
    members = [id for each in clusters["found"] for id in each["members"]]
    assert clusters["clusters"] == 2 and sorted(members) == ["1", "3", "4"]
    assert told("remove", index, "1")["removed"] == 1

    pairs = tmp_path / "pairs.tsv"
    pairs.write_text('a man\ta "man", too\n')
    _, screen, _ = command("similarity", archive, pairs, "--csv")
    (row,) = csv.DictReader(io.StringIO(screen))
    assert row["text_2"] == 'a "man", too' and -1 <= float(row["cosine"]) <= 1


def test_search_results_as_rows(command, archive, corpus, tmp_path):
    index, path = tmp_path / "texts.index", tmp_path / "found.csv"
    command("index", archive, corpus, "--output", index)
    code, screen, errors = command(
        "search", index, "--csv", path, "a man", "a woman", "--k", 2
    )
    assert (code, screen) == (0, ""), errors
    rows = list(csv.DictReader(path.read_text().splitlines()))
    queries = [(row["query"], row["rank"]) for row in rows]
    assert queries == [(q, n) for q in ("a man", "a woman") for n in "12"]
    assert rows[0]["text"] == "a man" and float(rows[0]["similarity"]) > 0.999
