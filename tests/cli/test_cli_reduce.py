import csv

import keras
import numpy as np
import pytest
from support.texts import texts

from keras_mirror.unit_rows import unit_rows
from keras_mirror.vector_agreement import neighbors_kept

TEXTS = texts(100)


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.csv"
    # Empty ones and duplicates count for nothing.
    rows = [*TEXTS[:50], "", *TEXTS[:7], *TEXTS[50:]]
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([row] for row in ["title", *rows])
    return path


def cosines(vectors):
    rows = unit_rows(vectors)
    return rows @ rows.T


def test_an_archive_of_fewer_dimensions(
    command, model, archive, lines, tmp_path
):
    output = tmp_path / "small.keras"
    code, screen, errors = command(
        *["reduce", archive, lines, "--column", "title"],
        *["--dimensions", 3, "--output", output],
    )
    assert code == 0, errors
    small = keras.saving.load_model(output)
    fitted = [text for row, text in enumerate(TEXTS) if row % 10]
    expected = model.reduced(fitted, 3).encode_text(TEXTS)
    np.testing.assert_allclose(small.encode_text(TEXTS), expected, atol=1e-5)
    told = " ".join(errors.split())
    assert f"texts 90, and 10 to see what is lost archive {output}" in told
    assert f"next: keras-mirror index {output} {lines} --column title" in told


def test_what_is_lost_is_told_and_noted(command, archive, lines, tmp_path):
    output = tmp_path / "small.keras"
    model = keras.saving.load_model(archive)
    _, screen, _ = command(
        *["reduce", archive, lines, "--column", "title"],
        *["--dimensions", 2, "--output", output],
    )
    small = keras.saving.load_model(output)
    before, after = (each.encode_text(TEXTS[::10]) for each in (model, small))
    kept = neighbors_kept(unit_rows(before), unit_rows(after))
    changes = np.abs(cosines(before) - cosines(after))
    change = changes[~np.eye(10, dtype=bool)].mean()
    assert [line.split("  ")[-1].strip() for line in screen.splitlines()] == [
        "8 -> 2 numbers",
        "32 -> 8 per text",
        f"{kept:.1%} stay",
        f"change by {change:.4f} on average",
    ]
    assert small.record.notes[-1] == (
        "reduced from 8 to 2 dimensions by PCA on 90 texts; of 10 other texts "
        f"{kept:.1%} of the ten nearest stay, cosines change by {change:.4f}"
    )
    _, card, _ = command("info", output, "--card")
    assert small.record.notes[-1] in card and "| 2 of 8 numbers; " in card


def test_an_archive_stays_unless_it_may_be_replaced(
    command, archive, lines, tmp_path
):
    output = tmp_path / "small.keras"
    output.write_text("mine")
    arguments = ["reduce", archive, lines, "--output", output]
    arguments += ["--dimensions", 2, "--column", "title"]
    code, _, errors = command(*arguments)
    assert code == 2 and "Choose another --output, or add --over" in errors
    assert output.read_text() == "mine"
    assert command(*arguments, "--overwrite")[0] == 0
    assert keras.saving.load_model(output).encoder.projection_dim == 2


@pytest.mark.parametrize(
    "dimensions, number, expected, message",
    [
        (9, 100, 2, "--dimensions must be at most 8, those of the model. Rec"),
        (8, 8, 1, "at least 11 different lines for --dimensions 8. Received: "),
        (99, 100, 1, "at least 110 different lines for --dimensions 99. Rec"),
        (0, 100, 2, "'--dimensions': 0 is not in the range x>=1"),
    ],
)
def test_dimensions_that_cannot_be(
    command, archive, tmp_path, dimensions, number, expected, message
):
    (tmp_path / "lines.txt").write_text("\n".join(TEXTS[:number]))
    code, _, errors = command(
        *["reduce", archive, tmp_path / "lines.txt"],
        *["--dimensions", dimensions, "--output", tmp_path / "small.keras"],
    )
    assert code == expected and message in errors
    assert not (tmp_path / "small.keras").exists()
