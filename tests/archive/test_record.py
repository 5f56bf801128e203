import hashlib
import json
import re
import shutil
import subprocess

import keras
import numpy as np
import pytest
from support.archives import change_config
from support.models import compiled_model
from support.models import make_model
from support.references import Batches
from support.texts import texts

import keras_mirror
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.recorder import RunRecorder
from keras_mirror.archive.training_run import TrainingRun
from keras_mirror.data import Corpus
from keras_mirror.data import collect_strings
from keras_mirror.data.corpus import corpus_summary

SETTINGS = {"batch_size": 5, "epochs": 2}


@pytest.fixture
def model():
    return compiled_model(**SETTINGS)


def fit(model, source, **options):
    model.fit(source, verbose=0, **options)
    return model.record.runs[-1]


def steps(model, number):
    """Views for so many steps: no pipeline to build, no corpus to know."""
    views = model.preprocessor.views(texts(3))
    return Batches([views] * number)


# === What a corpus is ===


def test_the_hash_is_that_of_the_shell(tmp_path):
    strings = ["b é", "a", "ab", "Z", "😀", "B", "雪", "b", "a\tb"]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join([*strings, "a", "Z"]) + "\n", encoding="utf-8")
    command = f"LC_ALL=C sort -u '{path}' | sha256sum"
    printed = subprocess.check_output(command, shell=True, text=True)
    corpus = collect_strings(path.read_text(encoding="utf-8").splitlines())
    assert corpus_summary(corpus)["sha256"] == printed.split()[0]


def test_the_hash_of_pairs():
    corpus = collect_strings([("one", "two"), "three", ("four", "four")])
    content = b"four\none\ttwo\nthree\n"
    summary = corpus_summary(corpus)
    assert summary["sha256"] == hashlib.sha256(content).hexdigest()
    assert (summary["num_strings"], summary["num_pairs"]) == (3, 1)


def test_order_and_duplicates_do_not_change_the_hash_but_text_does():
    def digest(*strings):
        return corpus_summary(Corpus(list(strings)))["sha256"]

    assert digest("a", "b") == digest("b", "a", "b")
    assert len({digest("a"), digest("b"), digest("a", "b"), digest()}) == 4


def test_counts_of_a_corpus():
    corpus = collect_strings(["a", " ", "b\0", "a", "c", "a"])
    summary = corpus_summary(corpus)
    del summary["sha256"]
    assert summary == {
        "num_strings": 2,
        "num_pairs": 0,
        "num_read": 6,
        "num_empty": 1,
        "num_binary": 1,
        "num_duplicates": 2,
        "num_unsampled": 0,
    }


# === The base ===


def test_the_base_is_a_name_or_a_handle():
    for name in ("mirror_mini_lm_en", "hf://owner/name", "kaggle://a/b/c/d"):
        assert TrainingRecord.of_preset(name).base == name


def test_of_a_folder_only_its_name_is_kept(preset, tmp_path, monkeypatch):
    folder = tmp_path / "secret" / "my_preset"
    shutil.copytree(preset, folder)
    monkeypatch.chdir(folder)
    for path in (folder, str(folder) + "/", ".", "../my_preset"):
        model = keras_mirror.MirrorModel.from_preset(path, sequence_length=24)
        assert model.record == TrainingRecord("my_preset")
    text = json.dumps(keras.saving.serialize_keras_object(model))
    assert "secret" not in text


# === What fit records ===


def test_strings_are_recorded(model):
    strings = texts(23)
    run = fit(model, strings)
    summary = corpus_summary(collect_strings(strings))
    steps = 2 * (summary["num_strings"] // 5)
    assert run.corpus == summary
    assert (run.batch_size, run.epochs, run.completed_epochs) == (5, 2, 2)
    assert run.steps == steps == int(model.optimizer.iterations)
    assert 0 < run.seconds < 300
    assert run.versions["keras"] == keras.__version__
    assert run.versions["backend"].startswith(keras.backend.backend())


def test_a_mirror_dataset_is_recorded(model):
    dataset = keras_mirror.mirror_dataset(texts(20), model.preprocessor, 4)
    run = fit(model, dataset, epochs=1)
    assert run.corpus == corpus_summary(collect_strings(texts(20)))
    assert (run.batch_size, run.steps) == (4, 5)


def test_what_was_made_of_a_dataset_is_unknown(model):
    run = fit(model, steps(model, 2), epochs=1)
    assert (run.corpus, run.batch_size, run.steps) == (None, None, 2)


def test_several_calls_append(model):
    fit(model, texts(10), epochs=1)
    fit(model, steps(model, 3), epochs=1)
    first, second = model.record.runs
    assert (first.steps, second.steps) == (2, 3)
    assert first.corpus and not second.corpus


def test_initial_epoch_counts_what_is_left(model):
    run = fit(model, steps(model, 2), epochs=5, initial_epoch=3)
    assert (run.epochs, run.completed_epochs, run.steps) == (2, 2, 4)


@pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="Keras has `steps_per_execution` on TensorFlow and JAX only",
)
def test_steps_per_execution_counts_all_steps():
    model = make_model(**SETTINGS)
    model.compile(steps_per_execution=2)
    assert fit(model, steps(model, 6), epochs=2).steps == 12


class StopAt(keras.callbacks.Callback):
    def __init__(self, step, how):
        super().__init__()
        self.step, self.how = step, how

    def on_train_batch_end(self, batch, logs=None):
        self.step -= 1
        if not self.step:
            self.how(self.model)


def stop_training(model):
    model.stop_training = True


def interrupt(model):
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", [stop_training, interrupt])
def test_an_interrupted_run_tells_the_steps_that_ran(model, how):
    callbacks = [StopAt(6, how)]
    try:
        fit(model, steps(model, 4), epochs=3, callbacks=callbacks)
    except KeyboardInterrupt:
        assert how is interrupt
    (run,) = model.record.runs
    assert (run.epochs, run.completed_epochs, run.steps) == (3, 1, 6)
    assert int(model.optimizer.iterations) == 6


def test_steps_told_in_any_order_are_counted(model):
    recorder = RunRecorder(model, dataset=None, epochs=1)
    recorder.on_train_begin()
    recorder.on_epoch_begin(0)
    for batch in (0, 2, 1):
        recorder.on_train_batch_end(batch)
    assert model.record.runs[-1].steps == 3


def test_a_running_step_is_left_alone(model, monkeypatch):
    # Keras calls the recorder in a thread, while the next step runs.
    def fail():
        raise AssertionError("the state of JAX was touched")

    monkeypatch.setattr(model, "jax_state_sync", fail, raising=False)
    recorder = RunRecorder(model, dataset=None, epochs=1)
    recorder.set_model(model)
    recorder.on_train_begin()
    recorder.on_epoch_begin(0)
    recorder.on_train_batch_end(0)
    assert model.record.runs[-1].steps == 1


def test_no_step_is_no_run(model):
    def stop(epoch, logs):
        raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
    with pytest.raises(KeyboardInterrupt):
        fit(model, steps(model, 2), callbacks=callback)
    assert model.record.runs == ()


def test_a_checkpoint_knows_the_epochs_before_it(model, tmp_path):
    saver = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    fit(model, steps(model, 4), callbacks=[saver])
    for epoch in (1, 2):
        saved = keras.saving.load_model(tmp_path / f"{epoch}.keras")
        (run,) = saved.record.runs
        assert (run.completed_epochs, run.steps) == (epoch, 4 * epoch)


def test_a_list_of_callbacks_of_keras(model):
    history = keras.callbacks.History()
    callbacks = keras.callbacks.CallbackList([history], model=model, epochs=1)
    for number in (1, 2):
        run = fit(model, steps(model, 2), callbacks=callbacks, epochs=1)
        assert (run.steps, len(model.record.runs)) == (2, number)
    assert len(history.history["loss"]) == 2


def test_evaluate_and_encode_are_not_recorded(model):
    model.evaluate(steps(model, 2), verbose=0)
    model.encode_text(texts(3))
    assert model.record == TrainingRecord()


# === Scores ===


def test_scores_are_kept_until_the_next_fit(model):
    model.record = model.record.with_scores({"dev": np.float32(0.5)})
    model.record = model.record.with_scores({"test": 1})
    assert model.record.scores == {"dev": 0.5, "test": 1.0}
    assert json.dumps(model.record.scores)
    fit(model, steps(model, 1))
    assert model.record.scores == {}


@pytest.mark.parametrize(
    "name, score",
    [("dev", "72"), ("dev", float("nan")), ("dev", None), (3, 0.5)]
    + [("dev", True), ("dev", [1.0, 2.0])],
)
def test_other_scores_are_refused(name, score):
    message = (
        "`scores` must be a dict from strings to finite numbers. "
        f"Received: {name!r}: {score!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TrainingRecord().with_scores({name: score})


def test_another_record_is_refused():
    model = make_model()
    message = "`record` must be a `TrainingRecord`. Received: record={'a': 1}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        keras_mirror.MirrorModel(
            model.encoder, model.preprocessor, record={"a": 1}
        )


# === Saving ===


def test_a_record_survives_its_config():
    corpus = corpus_summary(collect_strings(["a", "b"]))
    record = TrainingRecord("base", (TrainingRun(corpus, 2, 1),))
    record = record.with_run(TrainingRun()).with_scores({"dev": 0.1})
    config = keras.saving.serialize_keras_object(record)
    config = json.loads(json.dumps(config))
    assert keras.saving.deserialize_keras_object(config) == record


def test_the_record_travels_in_the_archive(model, tmp_path):
    fit(model, texts(10))
    model.record = model.record.with_scores({"dev": 0.5})
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert loaded.record == model.record and len(loaded.record.runs) == 1
    assert fit(loaded, steps(loaded, 3), epochs=1).steps == 3
    assert [run.steps for run in loaded.record.runs] == [4, 3]


def test_an_archive_without_a_record_loads(model, tmp_path):
    fit(model, steps(model, 1))
    model.save(tmp_path / "new.keras")
    path = change_config(
        tmp_path / "new.keras",
        tmp_path / "old.keras",
        lambda config: config.pop("record"),
    )
    loaded = keras.saving.load_model(path)
    assert loaded.record == TrainingRecord()
    np.testing.assert_array_equal(
        loaded.encode_text(["a man"]), model.encode_text(["a man"])
    )


@pytest.mark.parametrize(
    "change",
    [
        *[{"base": 3}, {"notes": [3]}, {"scores": {"STS-B": "x"}}],
        *[{"scores": {"STS-B": float("nan")}}, {"runs": [{"steps": "x"}]}],
        *[{"runs": [{"seconds": None}]}, {"runs": [{"versions": {"a": 1}}]}],
        *[{"runs": [{"versions": []}]}, {"runs": [{"corpus": {}}]}],
        *[{"runs": [{"corpus": 3}]}, {"runs": [{"batch_size": "3"}]}],
    ],
    ids=str,
)
def test_a_record_of_other_types_is_refused(change):
    config = {**TrainingRecord().get_config(), **change}
    with pytest.raises(ValueError, match="must (be|hold) "):
        TrainingRecord.from_config(config)
