"""The tables of the bundled model are what the logs of the benchmarks say."""

import json
import pathlib
import re
import statistics

import pytest

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = "docs/results.md"
CARD = "keras_mirror/presets/mirror_mini_lm_en/README.md"
PAPERS = "stsbenchmark_train_10k_sents_random_sampled.txt"

# Of a column: the run's recipe, fields, and whether trained and whitened.
SENTENCES = {
    "raw, mean": ("paper_sentence", {"pooling_mode": "mean"}, False, False),
    "raw, `[CLS]`": ("paper_sentence", {"pooling_mode": "cls"}, False, False),
    "`paper_sentence`": (
        "paper_sentence",
        {"pooling_mode": "mean", "learning_rate": 1e-4},
        True,
        False,
    ),
    "our pooling, untrained": ("sentence", {}, False, False),
    "`sentence`": ("sentence", {"learning_rate": 3e-4}, True, False),
    "our pooling, untrained, whitened": ("sentence", {}, False, True),
    "`sentence`, whitened": ("sentence", {"learning_rate": 3e-4}, True, True),
}
WORDS = {
    "raw, mean": ("paper_word", {"pooling_mode": "mean"}, False, False),
    "raw, `[CLS]`": ("paper_word", {"pooling_mode": "cls"}, False, False),
    "`paper_word`": ("paper_word", {"learning_rate": 3e-5}, True, False),
    "our pooling, untrained": ("word", {}, False, False),
    # What became the recipe of this name.
    "`word`": (
        "paper_word",
        {
            "learning_rate": 1e-4,
            "pooling_mode": "mean",
            "pooled_layers": "first_last",
            "projection_head": True,
        },
        True,
        False,
    ),
}


def table(path, corner):
    """Rows by their first cell: dicts from headings to cells."""
    text = (ROOT / path).read_text(encoding="utf-8")
    block = re.search(rf"^\| {corner} \|.*?(?=\n\n)", text, re.S | re.M)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in block.splitlines()
    ]
    headings, _, *rows = rows
    headings = [name.removesuffix(", 1e-4") for name in headings]
    return {row[0]: dict(zip(headings, row, strict=True)) for row in rows}


def scores(log, recipe, fields, is_trained, is_whitened):
    """The scores of all runs of a column that reported them all."""
    lines = (RESULTS / log).read_text(encoding="utf-8").splitlines()
    return [
        run["scores"]
        for run in map(json.loads, lines)
        if (run["recipe"], run["fields"]) == (recipe, fields)
        and run["corpus"] in (PAPERS, "en_words_top_10k.txt")
        and run.get("trained", True) == is_trained
        and run.get("whitened", False) == is_whitened
        and len(run["scores"]) > 1
    ]


@pytest.mark.parametrize(
    "path, corner, log, columns, column",
    [
        (path, corner, log, columns, column)
        for corner, log, columns in (
            ("sentences", "sentence.jsonl", SENTENCES),
            ("words", "word.jsonl", WORDS),
        )
        for path in (PAGE, CARD)
        for column in columns
        if path != CARD or "whitened" not in column
    ],
)
def test_a_column_is_in_the_log(path, corner, log, columns, column):
    runs = scores(log, *columns[column])
    assert runs
    rows = table(path, corner)
    names = {"STS 2017 en-en": "STS17 en-en"}
    compared = 0
    for row, cells in rows.items():
        name = names.get(row, row)
        if name in runs[0]:
            values = [run[name] for run in runs]
            expected = f"{statistics.mean(values):.2f}"
            if len(values) > 1:
                expected += f" ± {statistics.stdev(values):.2f}"
            assert cells[column] == expected, row
            compared += 1
    assert compared == len(runs[0])
