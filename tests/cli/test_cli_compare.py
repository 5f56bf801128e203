"""`keras-mirror compare`, and the options of evidence."""

import dataclasses
import json
import re
import sys

import keras
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror.cli.evidence_options import EvidenceOptions
from keras_mirror.cli.evidence_options import read_evidence
from keras_mirror.evaluation import PairTask
from keras_mirror.evaluation import score as score_module
from keras_mirror.evidence import gather as gather_module
from keras_mirror.evidence.general import NAME as GENERAL

pytest.importorskip("sklearn", reason="the extra [search] is missing")

TEXTS = texts(60)
LABELS = ["cat", "dog", ""] * 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two archives, one of them of a preset, and texts with columns."""
    folder = tmp_path_factory.mktemp("compare")
    keras.utils.set_random_seed(0)
    make_model().save(folder / "first.keras")
    second = make_model(pooling_mode="mean")
    second.record = dataclasses.replace(second.record, base="mirror_mini_lm_en")
    second.save(folder / "second.keras")
    rows = zip(TEXTS, TEXTS[::-1], LABELS, strict=True)
    lines = [
        json.dumps({"title": text, "body": body, "label": label})
        for text, body, label in rows
    ]
    (folder / "texts.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "texts.txt").write_text("\n".join(TEXTS), "utf-8")
    lines = [f"{text}\t{text} again" for text in TEXTS[:12]]
    (folder / "pairs.tsv").write_text("\n".join(lines), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def small_and_quick(monkeypatch, folder):
    monkeypatch.setattr(score_module, "NUM_RESAMPLES", 50)
    general = PairTask(name=GENERAL, kind="general", pairs=[("a man", "man")])
    monkeypatch.setattr(gather_module, "general_task", lambda: general)
    monkeypatch.chdir(folder)


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_all_evidence_side_by_side(command, tmp_path):
    path = tmp_path / "scores.json"
    code, screen, errors = command(
        *["compare", "second.keras", "first.keras", "texts.jsonl"],
        *["--columns", "title, body", "--check-pairs", "pairs.tsv"],
        *["--check-labels", "label", "--check-encoder", "first.keras"],
        *["--json", path],
    )
    assert code == 0, errors
    content = read_json(path)
    # The starting point stands first, TF-IDF last.
    assert [model["name"] for model in content["models"]] == [
        "mirror_mini_lm_en",
        "second.keras",
        "first.keras",
        "tfidf",
    ]
    assert [task["name"] for task in content["tasks"]] == [
        "columns",
        "known pairs",
        "labels",
        "agreement with the second encoder",
        "general probe",
    ]
    assert not any("average" in row["task"] for row in content["rows"])
    (labels,) = [r for r in content["rows"] if r["metric"] == "label AUC"]
    assert labels["num_items"] == 40
    sentence = content["choice"]["sentence"]
    assert f"answer  {sentence}" in screen
    assert "general probe" not in sentence
    assert re.search("first.keras, which it does not name, is not", errors)


def test_known_pairs_decide(command, tmp_path):
    path = tmp_path / "scores.json"
    code, screen, errors = command(
        *["compare", "first.keras", "texts.jsonl", "--column", "title"],
        *["--check-pairs", "pairs.tsv", "--json", path],
    )
    assert code == 0, errors
    choice = read_json(path)["choice"]
    # Half of each pair are the same words, in texts that share few.
    assert choice["best"] == "tfidf"
    assert "Use tfidf: ahead of every other on known pairs (MRR" in screen


def test_nothing_that_decides(command, tmp_path):
    path = tmp_path / "report.html"
    code, screen, errors = command(
        "compare", "tfidf", "first.keras", "texts.txt", "--html", path
    )
    assert code == 0, errors
    message = "There is no evidence about these texts."
    assert message in screen and message in path.read_text("utf-8")
    assert "next:" not in errors


def test_a_best_model_is_named_next(command, monkeypatch):
    from keras_mirror import evidence

    best = evidence.Choice("first.keras", "Use it.")
    monkeypatch.setattr(evidence, "choose", lambda names, rows: best)
    code, screen, errors = command(
        "compare", "first.keras", "texts.jsonl", "--column", "title"
    )
    assert code == 0 and "answer  Use it." in screen
    assert errors.endswith(
        "next: keras-mirror index first.keras texts.jsonl --column title "
        "--output texts.index\n"
    )


def test_a_starting_point_that_is_not_here(command, monkeypatch):
    module = sys.modules["keras_mirror.cli.compare"]
    monkeypatch.setattr(module, "local_folder", lambda preset: None)
    code, screen, errors = command("compare", "second.keras", "texts.txt")
    assert code == 0
    assert "mirror_mini_lm_en, is not on this machine" in errors
    assert "mirror_mini_lm_en" not in screen


def test_a_starting_point_that_is_given_stands_first(command, tmp_path):
    path = tmp_path / "scores.json"
    arguments = ["second.keras", "mirror_mini_lm_en", "texts.txt"]
    code, _, errors = command("compare", *arguments, "--json", path)
    assert code == 0 and "is not on this machine" not in errors
    names = [model["name"] for model in read_json(path)["models"]]
    assert names == ["mirror_mini_lm_en", "second.keras", "tfidf"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["no.keras", "texts.txt"], "'no.keras' does not exist"),
        (["first.keras", "no.txt"], "'no.txt' does not exist"),
        (["first.keras"], "Missing argument 'MODEL...'"),
        (
            ["first.keras", "texts.txt", "--check-labels", "label"],
            "Columns can be read only from files that end in",
        ),
        (
            ["first.keras", "texts.jsonl", "--columns", "title"],
            "must be two names with a comma between. Received: title",
        ),
        (
            ["first.keras", "texts.jsonl", "--columns", "title,no"],
            "has no column 'no' in row 1",
        ),
        (
            ["first.keras", "texts.txt", "--check-pairs", "texts.txt"],
            "line 1 must be two texts with a TAB between",
        ),
        (
            ["first.keras", "texts.txt", "--check-encoder", "no.keras"],
            "'no.keras' does not exist",
        ),
        (["first.keras", "texts.txt", "--html", "x.pdf"], "must end in .html"),
    ],
)
def test_wrong_use(command, arguments, message):
    code, _, errors = command("compare", *arguments)
    assert code == 2
    assert message in errors


def test_too_few_pairs_are_wrong_use(command, tmp_path):
    path = tmp_path / "few.tsv"
    path.write_text("a\tb\n", "utf-8")
    code, _, errors = command(
        "compare", "first.keras", "texts.txt", "--check-pairs", path
    )
    assert code == 2 and "Received: 1 in 1 pairs" in errors


# === What is read ===


def given(**options):
    names = [field.name for field in dataclasses.fields(EvidenceOptions)]
    return EvidenceOptions(**{**dict.fromkeys(names), **options})


def test_labeled_rows_are_not_lost_among_many(tmp_path):
    path = tmp_path / "many.csv"
    lines = [f"text {n},{'x' if n % 100 == 0 else ''}" for n in range(3000)]
    path.write_text("\n".join(["text,label", *lines]), "utf-8")
    read = read_evidence(str(path), given(check_labels="label"), "text")
    assert len(read["texts"]) == 3000 == len(read["labels"])
    read = read_evidence(
        str(path), given(check_labels="label"), "text", sample=50
    )
    labeled = [
        text
        for text, label in zip(read["texts"], read["labels"], strict=True)
        if label
    ]
    assert len(labeled) == 30 and 70 < len(read["texts"]) <= 80
    assert len({*read["texts"]}) == len(read["texts"])  # none is there twice
    assert all(text.endswith(("00", " 0")) for text in labeled)


def test_texts_are_of_the_second_column():
    read = read_evidence("texts.jsonl", given(columns=("title", "body")))
    assert set(read["texts"]) == set(TEXTS)
    assert set(read["columns"]) == set(zip(TEXTS, TEXTS[::-1], strict=True))
    assert read["pairs"] is read["labels"] is None
    read = read_evidence("texts.jsonl", given(columns=("label", "title")))
    assert ("", TEXTS[2]) not in read["columns"]
    assert len(read["columns"]) == 40


def test_a_file_without_texts(tmp_path):
    path = tmp_path / "empty.txt"
    path.write_text("\n \n", "utf-8")
    with pytest.raises(Exception, match="has no text"):
        read_evidence(str(path), given())
