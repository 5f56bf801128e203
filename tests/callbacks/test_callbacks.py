import csv
import functools
import re

import keras
import numpy as np
import pytest
from support import models
from support.references import Batches
from support.texts import texts

from keras_mirror.callbacks import SimilarityEvaluation
from keras_mirror.callbacks import StepLog
from keras_mirror.evaluation import RetrievalTask
from keras_mirror.evaluation import SimilarityTask

NUM_STEPS = 4  # of an epoch
SETTINGS = {"learning_rate": 1e-2, "sequence_length": 16}


def similarity_task(name="mine", number=12, seed=5):
    generator = np.random.default_rng(seed)
    return SimilarityTask(
        name=name,
        texts_1=texts(number, seed),
        texts_2=texts(number, seed + 1),
        scores=list(generator.uniform(0, 5, number)),
    )


def retrieval_task():
    documents = texts(6, seed=8)
    return RetrievalTask(
        name="find",
        queries=["a man plays", "two dogs"],
        documents=documents,
        relevance=[{0: 1}, {3: 1}],
    )


def undefined_task():
    """A correlation with one text's cosine with itself, always 1."""
    return SimilarityTask(
        name="flat", texts_1=["a"] * 3, texts_2=["a"] * 3, scores=[1.0, 2.0, 3]
    )


def score_now(model, task=None):
    task = task or similarity_task()
    return task.score(model.encode_text)[0].score.value


def compiled_model(**options):
    model = models.make_model(**SETTINGS)
    model.compile(**options)
    return model


def aligned_model():
    """As new, and with a metric."""
    return models.compiled_model(metrics=("alignment",), **SETTINGS)


@functools.cache
def shared_model():
    """For tests that do not look at its weights: compiled but once."""
    return compiled_model()


@functools.cache
def batches():
    preprocessor = shared_model().preprocessor
    views = [
        {name: np.asarray(value) for name, value in features.items()}
        for features in preprocessor.views(texts(NUM_STEPS * 5), seed=(3, 0))
    ]
    return [
        tuple(
            {name: value[5 * step : 5 * step + 5] for name, value in v.items()}
            for v in views
        )
        for step in range(NUM_STEPS)
    ]


def fit(model, *callbacks, dataset=None, epochs=2, verbose=0, **options):
    return model.fit(
        dataset or Batches(batches()),
        epochs=epochs,
        verbose=verbose,
        callbacks=list(callbacks),
        **options,
    ).history


class Recorder(keras.callbacks.Callback):
    """What a callback that is listed later sees."""

    def __init__(self):
        super().__init__()
        self.batches, self.epochs = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(dict(logs))

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(dict(logs))


class ScoreNow(keras.callbacks.Callback):
    """Scores after each step, by `encode_text` alone."""

    def __init__(self):
        super().__init__()
        self.scores = {}

    def on_train_begin(self, logs=None):
        self.scores[0] = score_now(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.scores[len(self.scores)] = score_now(self.model)


class StopAt(keras.callbacks.Callback):
    """Stops training after a step of an epoch, or at the end of an epoch."""

    def __init__(self, step=None, epoch=None):
        super().__init__()
        self.step, self.epoch = step, epoch

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.step:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.stop_training = True


# === SimilarityEvaluation: scores ===


def test_scores_every_epoch_and_logs_it():
    evaluation, recorder = SimilarityEvaluation(similarity_task()), Recorder()
    model = shared_model()
    history = fit(model, evaluation, recorder, epochs=3)
    assert [step for step, _ in evaluation.history] == [4, 8, 12]
    scores = [score for _, score in evaluation.history]
    assert len(set(scores)) > 1
    assert scores[-1] == pytest.approx(score_now(model), abs=1e-6)
    assert history["val_spearman"] == scores
    assert [logs["val_spearman"] for logs in recorder.epochs] == scores
    assert all("val_spearman" not in logs for logs in recorder.batches)


def test_scores_every_few_steps_and_at_the_end():
    evaluation = SimilarityEvaluation(similarity_task(), every=3, initial=True)
    truth, recorder = ScoreNow(), Recorder()
    history = fit(shared_model(), truth, evaluation, recorder)
    assert [step for step, _ in evaluation.history] == [0, 3, 6, 8]
    for step, score in evaluation.history:
        assert score == pytest.approx(truth.scores[step], abs=1e-6)
    scores = dict(evaluation.history)
    logged = {
        step: logs["val_spearman"]
        for step, logs in enumerate(recorder.batches, start=1)
        if "val_spearman" in logs
    }
    assert logged == {3: scores[3], 6: scores[6]}
    # The newest one at the end of an epoch, and the last step's own.
    assert history["val_spearman"] == [scores[3], scores[8]]


def test_last_step_is_scored_when_training_is_stopped():
    for stop, step in ((StopAt(step=2), 2), (StopAt(epoch=1), 8)):
        evaluation = SimilarityEvaluation(similarity_task(), every=100)
        fit(shared_model(), evaluation, stop, epochs=5)
        assert [scored for scored, _ in evaluation.history] == [step]


def test_no_step_is_scored_twice():
    evaluation = SimilarityEvaluation(similarity_task(), every=2)
    fit(shared_model(), evaluation)
    assert [step for step, _ in evaluation.history] == [2, 4, 6, 8]


def test_each_text_is_encoded_once(monkeypatch):
    model = shared_model()
    task = similarity_task()
    encoded = []
    tokenize = model.preprocessor.tokenize

    def counting(strings, prompt):
        encoded.extend(strings)
        return tokenize(strings, prompt)

    monkeypatch.setattr(model.preprocessor, "tokenize", counting)
    tasks = [task, similarity_task("again")]
    evaluation = SimilarityEvaluation(tasks)
    encoded.clear()
    fit(model, evaluation, epochs=1, steps_per_epoch=1)
    ours = [text for text in encoded if text in set(task.texts())]
    assert sorted(ours) == sorted(set(task.texts()))


def test_several_tasks_have_entries_and_a_mean():
    tasks = [similarity_task("STS 12 (all)"), similarity_task("STS-B", seed=7)]
    recorder = Recorder()
    model = shared_model()
    fit(model, SimilarityEvaluation(tasks), recorder, epochs=1)
    logs = recorder.epochs[0]
    scores = [score_now(model, task) for task in tasks]
    assert logs["val_sts_12_all"] == pytest.approx(scores[0], abs=1e-6)
    assert logs["val_sts_b"] == pytest.approx(scores[1], abs=1e-6)
    assert logs["val_spearman"] == pytest.approx(np.mean(scores), abs=1e-6)


def test_name_of_the_score():
    for task, name, expected in (
        (retrieval_task(), None, "val_score"),
        ([similarity_task(), retrieval_task()], None, "val_score"),
        (similarity_task(), "STS-B dev", "val_sts_b_dev"),
    ):
        recorder = Recorder()
        evaluation = SimilarityEvaluation(task, name=name)
        fit(shared_model(), evaluation, recorder, epochs=1, steps_per_epoch=1)
        assert expected in recorder.epochs[0]


def test_undefined_score_is_no_entry_and_one_warning():
    tasks = [similarity_task(), undefined_task()]
    evaluation = SimilarityEvaluation(
        tasks, every=1, restore_best_weights=True, initial=True
    )
    recorder = Recorder()
    message = (
        "Scores are undefined at step 0 and left out of the logs: val_flat, "
        "val_spearman. All texts may have the same embedding, or no finite one."
    )
    with pytest.warns(UserWarning, match=re.escape(message)) as record:
        fit(shared_model(), evaluation, recorder, epochs=1)
    ours = [warning for warning in record if "logs" in str(warning.message)]
    assert len(ours) == 1
    for logs in (*recorder.batches, *recorder.epochs):
        assert "val_mine" in logs
        assert "val_flat" not in logs and "val_spearman" not in logs
    assert evaluation.history == [(step, None) for step in range(5)]
    assert evaluation.best_step is None


def test_training_is_the_same_with_and_without():
    curves, weights = [], []
    for callbacks in (
        [],
        [SimilarityEvaluation(similarity_task(), every=1, initial=True)],
    ):
        model = aligned_model()
        recorder = Recorder()
        fit(model, *callbacks, recorder)
        curves.append([logs["loss"] for logs in recorder.batches])
        weights.append(model.get_weights())
    assert len(set(curves[0])) == len(curves[0]) == 2 * NUM_STEPS
    assert curves[0] == curves[1]
    for alone, scored in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(alone, scored)


# === SimilarityEvaluation: the best weights ===


def test_best_weights_come_back(capsys):
    evaluation = SimilarityEvaluation(
        similarity_task(), every=1, restore_best_weights=True
    )
    model = models.compiled_model(
        **{**SETTINGS, "learning_rate": 0.5}  # far too high
    )
    fit(model, evaluation, epochs=3, verbose=2)
    scores = [score for _, score in evaluation.history]
    assert scores[-1] < max(scores)
    assert evaluation.best_score == max(scores)
    assert evaluation.best_step == 1 + scores.index(max(scores))
    assert score_now(model) == pytest.approx(max(scores), abs=1e-6)
    assert (
        f"Restored the weights of step {evaluation.best_step}, the best: "
        f"val_spearman = {max(scores):.4f}\n"
    ) in capsys.readouterr().out


def test_every_weight_comes_back():
    model = shared_model()
    before = [np.array(weight) for weight in model.get_weights()]
    evaluation = SimilarityEvaluation(
        AlwaysWorse(), restore_best_weights=True, initial=True
    )
    fit(model, evaluation)
    assert evaluation.best_step == 0
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_last_weights_stay_without_restoring():
    model = shared_model()
    before = model.get_weights()
    evaluation = SimilarityEvaluation(AlwaysWorse(), initial=True)
    fit(model, evaluation, epochs=1)
    assert evaluation.best_step == 0
    assert any(
        (old != new).any()
        for old, new in zip(before, model.get_weights(), strict=True)
    )


def test_earliest_of_equal_scores_is_best():
    evaluation = SimilarityEvaluation(AlwaysTheSame(), every=3)
    fit(shared_model(), evaluation)
    assert (evaluation.best_step, evaluation.best_score) == (3, 0.5)


def test_second_fit_starts_anew():
    evaluation = SimilarityEvaluation(AlwaysTheSame())
    model = shared_model()
    for _ in range(2):
        fit(model, evaluation)
        assert evaluation.history == [(4, 0.5), (8, 0.5)]


class AlwaysTheSame(SimilarityTask):
    """A task whose score is 0.5."""

    def __init__(self):
        task = similarity_task()
        super().__init__(
            name="same",
            texts_1=task.texts_1,
            texts_2=task.texts_2,
            scores=task.scores,
        )
        object.__setattr__(self, "number", 0)

    def score(self, embed):
        from keras_mirror.evaluation.score import Score
        from keras_mirror.evaluation.task import Result

        score = Score(self.next_score(), np.zeros(1))
        return [Result("", "Spearman", 1, score)]

    def next_score(self):
        return 0.5


class AlwaysWorse(AlwaysTheSame):
    """A task whose score is lower each time it is asked."""

    def next_score(self):
        object.__setattr__(self, "number", self.number + 1)
        return 1 / self.number


# === Together with Keras's callbacks ===


def test_early_stopping_sees_the_score():
    evaluation = SimilarityEvaluation(AlwaysWorse())
    stopping = keras.callbacks.EarlyStopping(
        "val_spearman", mode="max", patience=2
    )
    history = fit(shared_model(), evaluation, stopping, epochs=9)
    assert len(history["loss"]) == 3
    assert stopping.best == 1


def test_csv_logger_writes_the_score(tmp_path):
    path = tmp_path / "epochs.csv"
    evaluation = SimilarityEvaluation(AlwaysWorse())
    fit(shared_model(), evaluation, keras.callbacks.CSVLogger(path))
    with open(path) as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_spearman"]) for row in rows] == [1, 0.5]


def test_model_checkpoint_saves_the_best(tmp_path):
    evaluation = SimilarityEvaluation(AlwaysWorse())
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{val_spearman:.2f}.keras"),
        monitor="val_spearman",
        mode="max",
        save_best_only=True,
    )
    model = shared_model()
    before = int(model.optimizer.iterations)
    fit(model, evaluation, checkpoint)
    assert [path.name for path in tmp_path.iterdir()] == ["1.00.keras"]
    loaded = keras.saving.load_model(tmp_path / "1.00.keras")
    assert int(loaded.optimizer.iterations) == before + NUM_STEPS


# === SimilarityEvaluation: invalid arguments ===


@pytest.mark.parametrize("value", [0, -1, 2.5, "epoch"])
def test_every_must_be_a_positive_integer(value):
    message = (
        "`every` must be a positive integer or `None`. "
        f"Received: every={value!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        SimilarityEvaluation(similarity_task(), every=value)


@pytest.mark.parametrize("value", [[], None, "stsb", [1]])
def test_task_must_be_a_task(value):
    received = value if isinstance(value, list) else [value]
    message = (
        "`task` must be a `SimilarityTask`, another `Task`, or a list of them. "
        f"Received: {received}"
    )
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        SimilarityEvaluation(value)


@pytest.mark.parametrize(
    "names, received",
    [
        (("STS-B", "sts b"), "val_sts_b, val_sts_b, val_spearman"),
        (("a", "Spearman"), "val_a, val_spearman, val_spearman"),
    ],
)
def test_names_in_the_logs_must_differ(names, received):
    message = (
        "The tasks and `name` must have different names in the logs. "
        f"Received: {received}"
    )
    tasks = [similarity_task(name) for name in names]
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        SimilarityEvaluation(tasks)


# === StepLog ===


def read_steps(path):
    with open(path) as file:
        rows = list(csv.reader(file))
    return rows[0], np.array(rows[1:], dtype="float64")


class OneEpochEach(keras.callbacks.Callback):
    """The trackers of every step, by forgetting those before it."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self.values.append([logs["loss"], logs["alignment"]])


def test_step_log_has_the_values_of_each_step(tmp_path):
    path = tmp_path / "steps.csv"
    truth = OneEpochEach()
    for callback in (truth, StepLog(path)):
        fit(aligned_model(), callback)
    names, rows = read_steps(path)
    assert names == ["step", "loss", "alignment"]
    assert rows[:, 0].tolist() == list(range(1, 2 * NUM_STEPS + 1))
    np.testing.assert_allclose(rows[:, 1:], truth.values, rtol=1e-5)


def test_step_log_is_written_step_by_step(tmp_path):
    path = tmp_path / "steps.csv"

    class Crash(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(shared_model(), StepLog(path), Crash())
    names, rows = read_steps(path)
    assert names == ["step", "loss"]
    assert rows[:, 0].tolist() == [1, 2, 3]


def test_step_log_leaves_scores_out(tmp_path):
    path = tmp_path / "steps.csv"
    evaluation = SimilarityEvaluation(similarity_task(), every=1)
    fit(shared_model(), evaluation, StepLog(path), epochs=1)
    assert read_steps(path)[0] == ["step", "loss"]


def test_step_log_with_several_steps_at_a_time(tmp_path):
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch runs one step at a time")
    rows = {}
    for number in (1, 2):
        keras.utils.set_random_seed(2)
        path = tmp_path / f"{number}.csv"
        evaluation = SimilarityEvaluation(similarity_task(), every=3)
        fit(
            compiled_model(steps_per_execution=number),
            evaluation,
            StepLog(path),
        )
        rows[number] = read_steps(path)[1]
        steps = [step for step, _ in evaluation.history]
        assert steps == {1: [3, 6, 8], 2: [4, 6, 8]}[number]
    assert rows[2][:, 0].tolist() == [2, 4, 6, 8]
    means = rows[1][:, 1].reshape(-1, 2).mean(axis=1)
    np.testing.assert_allclose(rows[2][:, 1], means, rtol=1e-5)


def test_step_log_refuses_to_overwrite(tmp_path):
    path = tmp_path / "steps.csv"
    log = StepLog(path)
    path.write_text("mine")
    message = (
        "`path` must be a new file, or `overwrite` must be True. "
        f"Received: path='{path}'"
    )
    with pytest.raises(FileExistsError, match=re.escape(message) + "$"):
        StepLog(path)
    with pytest.raises(FileExistsError, match=re.escape(message) + "$"):
        fit(shared_model(), log)
    assert path.read_text() == "mine"
    fit(shared_model(), StepLog(path, overwrite=True), epochs=1)
    names, rows = read_steps(path)
    assert names == ["step", "loss"] and len(rows) == NUM_STEPS


def test_the_step_log_goes_on_behind_earlier_steps(tmp_path):
    path = tmp_path / "steps.csv"
    path.write_text("step,loss\n1,9.5\n2,8.5\n3,7.5\n")
    fit(shared_model(), StepLog(path, initial_step=2), epochs=1)
    steps = [row.split(",")[0] for row in path.read_text().splitlines()]
    assert steps == ["step", "1", "2", "3", "4", "5", "6"]


def test_step_log_says_before_training_that_it_cannot_write(tmp_path):
    recorder = Recorder()
    with pytest.raises(FileNotFoundError):
        fit(shared_model(), recorder, StepLog(tmp_path / "no" / "steps.csv"))
    assert recorder.batches == []
