"""`keras-mirror train` with a guide, and with lines that are pairs."""

import keras
import pytest
from support.texts import texts

from keras_mirror.archive.reading import archive_info


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    lines = [*texts(20), "", *texts(20, seed=4), "", "a line alone"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def output(tmp_path):
    return tmp_path / "encoder.keras"


def test_a_guide_is_made_of_the_preset(command, preset, corpus, output):
    code, _, errors = command(
        *("train", corpus, "--preset", preset, "--output", output),
        *("--batch-size", 10, "--guide-share", 0.2, "--neighbor-rate", 0.5),
        *("--neighbor-floor", 0.1),
    )
    assert code == 0, errors
    assert "Guide" in errors and "4 of 4" in errors
    recipe = keras.saving.load_model(output).recipe
    assert (recipe.guide_share, recipe.neighbor_rate) == (0.2, 0.5)


def test_lines_that_follow_each_other_are_pairs(
    command, preset, corpus, output
):
    code, _, errors = command(
        *("train", corpus, "--preset", preset, "--output", output),
        *("--batch-size", 10, "--next-lines"),
    )
    assert code == 0, errors
    [run] = archive_info(output)["record"]["runs"]
    assert run["corpus"]["num_pairs"] == 38
    assert run["corpus"]["num_strings"] == 39


def test_two_kinds_of_pairs_are_wrong_use(command, preset, corpus, output):
    code, _, errors = command(
        *("train", corpus, "--preset", preset, "--output", output),
        *("--pairs", "--next-lines"),
    )
    assert code == 2 and "give one of --pairs and --next-lines" in errors
