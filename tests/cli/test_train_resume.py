"""Training that is stopped, and goes on to the same weights."""

import signal

import keras
import numpy as np
import pytest
from support.texts import texts

from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.cli import train_once as training
from keras_mirror.cli.training_progress import TrainingProgress

STEPS = 9  # of three epochs


@pytest.fixture
def train(command, preset, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(texts(30)), encoding="utf-8")

    def run(name, *options, **changed):
        fields = {"batch-size": 10, "sequence-length": 12, "epochs": 3}
        fields = {"seed": 3, **fields, **changed}
        return command(
            *["train", corpus, "--preset", preset, *options],
            *["--output", tmp_path / f"{name}.keras"],
            *[
                part
                for key, value in fields.items()
                for part in (f"--{key}", value)
            ],
        )

    return run


@pytest.fixture
def stop_at(monkeypatch):
    """Sends a signal while a step of all epochs runs."""

    def set_step(step, signum=signal.SIGTERM):
        def on_train_batch_begin(self, batch, logs=None):
            if self.steps + 1 == step:
                signal.raise_signal(signum)

        monkeypatch.setattr(
            TrainingProgress, "on_train_batch_begin", on_train_batch_begin
        )

    return set_step


def weights(path):
    return keras.saving.load_model(path).get_weights()


@pytest.mark.parametrize("guided", [[], ["--guide-ceiling", 0.9]])
def test_it_ends_at_the_weights_of_an_undisturbed_one(
    train, stop_at, tmp_path, guided
):
    log, whole_log = tmp_path / "log.csv", tmp_path / "whole.csv"
    assert train("whole", *guided, "--log", whole_log)[0] == 0
    # In the second epoch, then one step later, then to the end.
    stop_at(5)
    code, _, errors = train("parts", *guided, "--log", log)
    assert code == 128 + signal.SIGTERM, errors
    assert "to resume: run the same command with --resume" in errors
    kept = tmp_path / "parts.checkpoint.npz"
    assert read_facts(kept)["step"] == 5
    stop_at(6)
    more = [*guided, "--log", log, "--resume"]
    assert train("parts", *more)[0] == 128 + signal.SIGTERM
    stop_at(STEPS + 1)
    code, _, errors = train("parts", *more)
    assert code == 0, errors
    assert not kept.exists()
    paths = [tmp_path / f"{name}.keras" for name in ("whole", "parts")]
    for one, two in zip(*map(weights, paths), strict=True):
        np.testing.assert_allclose(one, two, atol=2e-6)
    [ours], [undisturbed] = (
        keras.saving.load_model(path).record.runs for path in reversed(paths)
    )
    assert (ours.steps, ours.epochs) == (STEPS, 3)
    assert ours.completed_epochs == undisturbed.completed_epochs == 3
    columns = [
        np.loadtxt(path, delimiter=",", skiprows=1) for path in (log, whole_log)
    ]
    np.testing.assert_allclose(*columns, atol=1e-3)


def test_without_a_seed_the_drawn_one_is_kept(train, stop_at, tmp_path):
    stop_at(2)
    train("parts", seed=5)
    facts = read_facts(tmp_path / "parts.checkpoint.npz")
    assert facts["seed"] == 5
    code, _, errors = train("parts", "--resume", seed=6)
    assert code == 1
    assert "its seed was 5. Received: 6" in errors


@pytest.mark.parametrize(
    "changed, what",
    [({"batch-size": 15}, "its recipe was"), ({"limit": 20}, "its corpus was")],
)
def test_another_training_is_refused(train, stop_at, changed, what):
    stop_at(2)
    train("parts")
    code, _, errors = train("parts", "--resume", **changed)
    assert code == 1
    assert "belongs to another training" in errors and what in errors


def test_nothing_to_go_on_with(train):
    code, _, errors = train("none", "--resume")
    assert code == 2
    assert "there is none of this --output" in errors


def test_what_was_stopped_is_not_lost_to_another_run(train, stop_at, tmp_path):
    stop_at(2)
    train("parts")
    code, _, errors = train("parts")
    assert code == 2
    assert "parts.checkpoint.npz' exists" in errors and "--resume" in errors


def test_a_failed_last_write_keeps_the_training(
    train, stop_at, tmp_path, monkeypatch
):
    stop_at(4)
    train("parts")
    stop_at(STEPS + 1)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    # All else that is patched stays so: streams are not silenced.
    with monkeypatch.context() as patch:
        patch.setattr(training, "save_archive", fail)
        code, _, errors = train("parts", "--resume")
    assert code == 1
    assert "No space left on device. The training is kept in" in errors
    assert train("parts", "--resume")[0] == 0


@pytest.mark.parametrize("name", ["e.checkpoint.npz", "e.interrupted.keras"])
def test_what_a_killed_run_left_half_written_goes(train, tmp_path, name):
    (tmp_path / f".{name}.a1b2c3.unfinished" / "new").mkdir(parents=True)
    assert train("e")[0] == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["corpus.txt", "e.keras"]


def test_a_damaged_checkpoint(train, tmp_path):
    (tmp_path / "parts.checkpoint.npz").write_bytes(b"PK no")
    code, _, errors = train("parts", "--resume")
    assert code == 2
    assert "is not a training checkpoint, or is damaged" in errors


def test_several_devices_are_refused(train):
    code, _, errors = train("parts", "--resume", devices=2)
    assert code == 2
    assert "--resume needs --devices 1" in errors


def test_training_that_diverges_leaves_its_last_finite_weights(
    train, tmp_path, monkeypatch
):
    def diverge(self, batch, logs=None):
        if self.steps == 2:
            raise FloatingPointError("Training stopped.")

    monkeypatch.setattr(TrainingProgress, "on_train_batch_begin", diverge)
    code, output, errors = train("worse")
    assert code == 1 and "last loss" not in output
    path = tmp_path / "worse.interrupted.keras"
    assert f"keeps its last finite weights. They are in '{path}'" in errors
    loaded = keras.saving.load_model(path)
    assert int(loaded.optimizer.iterations) == 2
