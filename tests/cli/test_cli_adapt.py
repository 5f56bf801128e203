import csv
import json
import re
import sys

import keras
import numpy as np
import pytest
from support.models import moved_candidates
from support.texts import texts

from keras_mirror.adaptation.verdict import Verdict
from keras_mirror.archive.reading import archive_card
from keras_mirror.archive.reading import archive_info

# `keras_mirror.adaptation.adapt` is the function too.
ADAPT = sys.modules["keras_mirror.adaptation.adapt"]
FIELDS = ("--batch-size", 10)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts(40)), encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "texts.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "text", "label"])
        for number, (title, text) in enumerate(
            zip(texts(60, seed=3), texts(60), strict=True)
        ):
            label = ["one", "two"][number % 2] if number < 50 else ""
            writer.writerow([title, text, label])
    return path


@pytest.fixture
def output(tmp_path):
    return tmp_path / "adapted.keras"


@pytest.fixture
def untrained(monkeypatch):
    """Candidates that no training made."""

    monkeypatch.setattr(ADAPT, "train_from", moved_candidates)


def vectors(path):
    return keras.saving.load_model(path).encode_text(texts(8))


def test_unknown_tokens_are_refused(command, trained_archive, corpus, output):
    corpus.write_text("القطة تنام\nكان الطقس باردا\n" * 20, encoding="utf-8")
    code, _, errors = command(
        "adapt", trained_archive, corpus, "--output", output, *FIELDS
    )
    assert code == 2 and not output.exists()
    assert "are unknown to the vocabulary" in errors and "--force" in errors


def test_without_evidence_the_output_is_the_start(
    command, trained_archive, corpus, output, untrained
):
    code, out, errors = command(
        "adapt", trained_archive, corpus, "--output", output, *FIELDS
    )
    assert code == 0, errors
    assert "general probe" in out
    if "no evidence" in out:
        assert "to decide" in out and "--check-labels" in out
    assert "the unchanged start" in errors and "next: keras-mirror" in errors
    np.testing.assert_allclose(
        vectors(output), vectors(trained_archive), atol=1e-6
    )


def test_without_evidence_what_was_tried_is_there_to_judge(
    command, trained_archive, corpus, output, monkeypatch, untrained
):
    monkeypatch.setattr(
        ADAPT,
        "decide",
        lambda names, rows, general_counts: Verdict("no evidence", []),
    )
    arguments = ["adapt", trained_archive, corpus, "--output", output, *FIELDS]
    code, _, errors = command(*arguments)
    assert code == 0, errors
    together = output.with_suffix(".together.keras")
    assert f"next: keras-mirror judge {trained_archive} {together}" in errors
    assert abs(vectors(together) - vectors(output)).max() > 1e-4
    assert archive_info(together)["record"]["notes"][-1] == (
        "together: no evidence for it"
    )
    output.unlink()
    code, _, errors = command(*arguments)
    assert code == 2 and f"'{together}' exists" in errors


def test_force_writes_the_adapted_one(command, trained_archive, corpus, output):
    code, out, errors = command(
        *("adapt", trained_archive, corpus, "--output", output, "--force"),
        *FIELDS,
    )
    assert code == 0, errors
    if "verdict       adapted:" not in out:
        assert "adapted (together) because it was forced" in out
    assert "adapted.keras: adapted (" in errors
    assert abs(vectors(output) - vectors(trained_archive)).max() > 1e-4


def test_the_verdict_is_in_the_archive_its_card_and_info(
    command, trained_archive, table, output, monkeypatch, untrained
):
    monkeypatch.setattr(
        ADAPT,
        "decide",
        lambda names, rows, general_counts: Verdict(
            "adapted", ["labels, 1 -> 2"], "apart"
        ),
    )
    code, _, errors = command(
        *("adapt", trained_archive, table, "--output", output, *FIELDS),
        *("--column", "text", "--check-labels", "label"),
    )
    assert code == 0, errors
    note = "adapted: labels, 1 -> 2"
    assert archive_info(output)["record"]["notes"][-1] == note
    assert f"- {note}" in archive_card(output)
    assert re.search(rf"  note \d +{note}", command("info", output)[1])


def test_labels_columns_and_pairs_are_evidence(
    command, trained_archive, table, output, tmp_path, untrained
):
    pairs = tmp_path / "pairs.tsv"
    lines = map("\t".join, zip(texts(12, 7), texts(12, 8), strict=True))
    pairs.write_text("\n".join(lines), encoding="utf-8")
    report = tmp_path / "report.json"
    code, out, errors = command(
        *("adapt", trained_archive, table, "--output", output, *FIELDS),
        *("--check-labels", "label", "--columns", "title,text"),
        *("--check-pairs", pairs, "--json", report, "--seeds", 2),
    )
    assert code == 0, errors
    content = json.loads(report.read_text("utf-8"))
    assert {"columns", "known pairs", "labels", "general probe"} <= {
        row["task"] for row in content["rows"]
    }
    assert content["verdict"] in ("adapted", "kept", "no evidence")
    assert content["start"] == "encoder"
    assert set(content["risk"]) == {"together", "apart"}
    assert content["risk"]["apart"]["neighbors_kept"] <= 1
    assert content["corpus"]["num_strings"] == 120


def test_a_raw_language_model(command, preset, corpus, output, untrained):
    code, _, errors = command(
        "adapt", preset, corpus, "--output", output, *FIELDS
    )
    assert code == 0, errors
    told = " ".join(errors.split())
    assert "start a language model, pooling: mean, of the first and the" in told
    assert "last layer, no token counted yet" in told
    assert "mirrored, whitened" in told


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--check-labels", "nothing"], "nothing"),
        (["--train-columns"], "`train_columns` needs `columns`"),
        (["--merge", "1.5"], "--merge"),
        (["--guide-ceiling", "2"], "`guide_ceiling` must be a float"),
        (["--pooling-mode", "cls"], "decide how layers are built"),
    ],
)
def test_wrong_use_exits_with_2(
    command, trained_archive, table, output, arguments, message
):
    code, _, errors = command(
        *("adapt", trained_archive, table, "--column", "text"),
        *("--output", output, *arguments),
    )
    assert code == 2 and message in errors
    assert len(errors.strip().splitlines()[-1]) and not output.exists()


def test_what_exists_is_not_replaced(command, trained_archive, corpus, output):
    output.write_text("mine")
    code, _, errors = command(
        "adapt", trained_archive, corpus, "--output", output
    )
    assert code == 2 and "exists" in errors
    assert output.read_text() == "mine"
