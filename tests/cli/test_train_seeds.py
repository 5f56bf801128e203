import json
import pathlib
import statistics

import keras
import numpy as np
import pytest
from support.texts import texts

from keras_mirror.cli.seed_scores import SeedScore
from keras_mirror.evaluation import score

OPTIONS = ("--batch-size", 10, "--sequence-length", 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus, and pairs of texts with a score."""
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "corpus.txt").write_text("\n".join(texts(30)))
    pairs = zip(texts(20), texts(20, 9), range(20), strict=True)
    lines = [f"{text}\t{other}\t{n % 6}" for text, other, n in pairs]
    (folder / "scored.tsv").write_text("\n".join(lines))
    return folder


def test_seeds_are_trained_one_by_one(
    command, preset, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(score, "NUM_RESAMPLES", 20)
    train = ["train", folder / "corpus.txt", "--preset", preset, *OPTIONS]
    output, alone = tmp_path / "a.keras", tmp_path / "alone.keras"
    code, screen, errors = command(
        *[*train, "--output", output, "--seeds", 1, 2, "--json"],
        *["--log", tmp_path / "a.csv"],
    )
    assert code == 0, errors
    runs = json.loads(screen)
    paths = [str(tmp_path / f"a.seed{seed}.keras") for seed in (1, 2)]
    assert [run["archive"] for run in runs] == paths
    assert [(run["seed"], run["steps"]) for run in runs] == [(1, 3), (2, 3)]
    assert (tmp_path / "a.seed2.csv").read_text().startswith("step,loss")
    next_command = f"evaluate {' '.join(paths)} BENCHMARK --over-seeds"
    assert f"next: keras-mirror {next_command}\n" in errors

    # The second one is not changed by the first one.
    code, _, errors = command(*train, "--output", alone, "--seed", 2)
    assert code == 0, errors
    weights = [
        keras.saving.load_model(x).get_weights() for x in (*paths, alone)
    ]
    first, second, single = weights
    for ours, expected in zip(second, single, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert any((x != y).any() for x, y in zip(first, second, strict=True))

    path = tmp_path / "scores.json"
    code, screen, errors = command(
        *["evaluate", alone, *paths, folder / "scored.tsv", "--over-seeds"],
        *["--json", path],
    )
    assert code == 0, errors
    content = json.loads(path.read_text())
    values = [each["value"] for each in content["rows"][0]["scores"]]
    seeds = {each["model"]: each for each in content["seeds"][:2]}
    assert seeds[str(alone)]["num_seeds"] == 1
    both = seeds[str(output)]
    assert both["mean"] == pytest.approx(statistics.fmean(values[1:]))
    assert both["deviation"] == pytest.approx(statistics.stdev(values[1:]))
    mean, deviation = 100 * both["mean"], 100 * both["deviation"]
    assert f"{mean:.2f} ± {deviation:.2f} (2)" in screen


def test_an_undefined_score_has_no_mean():
    assert str(SeedScore([0.5, None])) == "undefined"
    assert SeedScore([0.5, None]).deviation is None


@pytest.mark.parametrize(
    "options, message",
    [
        (["--seeds", "1"], "must be two different numbers or more"),
        (["--seeds", "1,1"], "must be two different numbers or more"),
        (["--seeds", "a"], "must be two different numbers or more"),
        (["--seeds", "1", "2", "--seed", "3"], "--seeds and --seed cannot"),
        (["--seeds", "1", "2", "--resume"], "--seeds and --resume cannot"),
        (["--seeds", "1", "2", "--devices", "2"], "--seeds and --devices"),
    ],
)
def test_wrong_seeds(command, folder, tmp_path, options, message):
    code, screen, errors = command(
        *["train", folder / "corpus.txt", "--output", tmp_path / "a.keras"],
        *options,
    )
    assert (code, screen) == (2, "") and message in errors
    assert errors.count("\n") == 1


def test_all_outputs_are_looked_at_before_the_first_seed(
    command, folder, tmp_path
):
    pathlib.Path(tmp_path / "a.seed2.keras").write_text("precious")
    code, _, errors = command(
        *["train", folder / "corpus.txt", "--output", tmp_path / "a.keras"],
        *["--seeds", 1, 2],
    )
    assert code == 2 and "a.seed2.keras' exists" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["a.seed2.keras"]


def test_curves_for_tensorboard(command, preset, folder, tmp_path):
    module = "tensorboard.backend.event_processing.event_file_loader"
    loader = pytest.importorskip(module, reason="[tensorboard] is missing")
    from tensorboard.util import tensor_util

    board, log = tmp_path / "board", tmp_path / "log.csv"
    code, _, errors = command(
        *["train", folder / "corpus.txt", "--preset", preset, *OPTIONS],
        *["--output", tmp_path / "a.keras", "--log", log, "--epochs", 2],
        *["--tensorboard", board],
    )
    assert code == 0, errors
    (file,) = board.iterdir()
    found = {
        (value.tag, event.step): tensor_util.make_ndarray(value.tensor).item()
        for event in loader.EventFileLoader(str(file)).Load()
        for value in event.summary.value
    }
    names, *lines = [x.split(",") for x in log.read_text().splitlines()]
    expected = {
        (name, int(line[0])): float(value)
        for line in lines
        for name, value in zip(names[1:], line[1:], strict=True)
    }
    assert len(lines) == 6 and found == pytest.approx(expected, rel=1e-6)
