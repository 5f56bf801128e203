import functools
import io
import pathlib
import re
import signal
import subprocess
import sys
from unittest import mock

import keras
import numpy as np
import pytest
from support import hub
from support.texts import SENTENCES
from support.texts import texts

import keras_mirror
from keras_mirror.encoder import encode as encoding


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    lines = [*texts(30), "", "  ", "nul\0byte", *texts(3)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def start(*arguments, **options):
    """Starts a command as a user does."""
    code = "import keras_mirror_cli; keras_mirror_cli.main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


# === The main path ===


def test_train_encode_similarity(command, preset, corpus, tmp_path):
    archive, vectors = tmp_path / "encoder.keras", tmp_path / "vectors.npy"
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", archive],
        *["--batch-size", 10, "--sequence-length", 12, "--seed", 1],
    )
    assert code == 0, errors
    told = re.sub(" +", " ", errors)
    for line in (
        "strings read 36",
        "empty 2 dropped",
        "with NUL bytes 1 dropped",
        "duplicates 3 dropped",
        "steps 3 of 3",
        f"archive {archive}",
    ):
        assert line in told
    model = keras.saving.load_model(archive)
    assert model.recipe.batch_size == 10

    code, _, errors = command("encode", archive, corpus, "--output", vectors)
    assert code == 0, errors
    lines = pathlib.Path(corpus).read_bytes().decode().split("\n")[:-1]
    expected = model.encode_text(lines)
    written = np.load(vectors)
    assert written.dtype == "float32" and written.shape == (36, 8)
    np.testing.assert_allclose(written, expected, atol=1e-6)

    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a cat\ta dog\n\na man\ta man\n", encoding="utf-8")
    code, output, errors = command("similarity", archive, pairs)
    assert code == 0, errors
    rows = [line.split("\t") for line in output.splitlines()]
    assert rows[1] == ["1.0000", "a man", "a man"]
    cosine = model.similarity(*map(model.encode_text, ["a cat", "a dog"]))
    assert float(rows[0][0]) == pytest.approx(cosine.item(), abs=1e-4)


@pytest.mark.processes
@pytest.mark.parametrize("options", [["--pairs"], []])
def test_train_on_pairs(command, preset, tmp_path, options):
    corpus, archive = tmp_path / "pairs.txt", tmp_path / "encoder.keras"
    lines = [*map("\t".join, zip(texts(10), texts(10, 9), strict=True)), "one"]
    lines += ["it rains\tit rains"]
    corpus.write_text("\n".join(lines))
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", archive, *options],
        *["--batch-size", 4, "--sequence-length", 16],
    )
    assert code == 0, errors
    model = keras.saving.load_model(archive)
    lines += ["one"] * bool(options)  # a pair with itself
    strings = [text for line in lines for text in line.split("\t")]
    if not options:
        strings = lines  # of twice the tokens
    longer = [len(ids) > 14 for ids in model.preprocessor.tokenize(strings)]
    assert any(longer)
    told = " ".join(errors.split())
    assert f"{np.mean(longer):.0%} of the texts are cut at 16 tokens" in told


@pytest.mark.processes
@pytest.mark.parametrize("whiten", [[], ["--whiten"]])
def test_train_removes_the_mean_and_whitens(
    whiten, command, preset, corpus, tmp_path
):
    archive = tmp_path / "encoder.keras"
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", archive],
        *["--batch-size", 10, "--center", *whiten],
    )
    assert code == 0, errors
    model = keras.saving.load_model(archive)
    assert model.encoder.whitened == bool(whiten)
    mean = model.encode_text(texts(30)).mean(axis=0)
    np.testing.assert_allclose(mean, 0, atol=1e-4)
    assert (
        model.record.runs and model.encoder.token_weights.counts.numpy().any()
    )


@pytest.mark.processes
def test_train_reduces_dimensions(command, preset, corpus, tmp_path):
    archive = tmp_path / "encoder.keras"
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", archive],
        *["--batch-size", 10, "--dimensions", 3],
    )
    assert code == 0, errors
    model = keras.saving.load_model(archive)
    assert model.encoder.output_shape == (None, 3) and model.record.runs
    # The archive is trained on, and what it ends in stays.
    again = tmp_path / "again.keras"
    command("train", corpus, "--preset", archive, "--output", again)
    kernels = [
        keras.saving.load_model(path).encoder.projection.kernel.numpy()
        for path in (archive, again)
    ]
    np.testing.assert_array_equal(*kernels)
    code, _, errors = command(
        *["train", corpus, "--preset", archive, "--whiten"],
        *["--output", tmp_path / "whitened.keras"],
    )
    assert code == 2 and "call `whitened` first, then `reduced`" in errors


def test_train_refuses_three_columns(command, preset, tmp_path):
    corpus = tmp_path / "pairs.txt"
    corpus.write_text("one\ttwo\none\ttwo\tthree\n")
    code, _, errors = command(
        *["train", corpus, "--pairs", "--preset", preset],
        *["--output", tmp_path / "encoder.keras"],
    )
    assert code == 1
    assert "Received: 3 columns in line 2" in errors


@pytest.mark.processes
def test_train_writes_a_log_of_its_steps(command, preset, corpus, tmp_path):
    output, log = tmp_path / "encoder.keras", tmp_path / "steps.csv"
    arguments = ["train", corpus, "--preset", preset, "--output", output]
    arguments += ["--batch-size", 10, "--epochs", 2, "--log", log]
    code, _, errors = command(*arguments)
    assert code == 0, errors
    header, *rows = log.read_text().splitlines()
    assert header.startswith("step,loss,alignment,")
    assert {"similarity_gap", "uniformity"} <= set(header.split(","))
    assert [row.split(",")[0] for row in rows] == list("123456")
    assert len({row.split(",")[1] for row in rows}) == 6
    told = float(re.search(r"last loss +(-?[\d.]+)", errors)[1])
    assert told == pytest.approx(float(rows[-1].split(",")[1]), abs=1e-3)
    log_before = log.read_bytes()
    code, _, errors = command(
        *arguments[:4], "--output", "o.keras", "--log", log
    )
    assert code == 2 and "Choose another --log" in errors
    assert log.read_bytes() == log_before


def test_encode_streams_in_chunks_and_keeps_the_order(
    command, archive, tmp_path, monkeypatch
):
    monkeypatch.setattr(encoding, "CHUNK_SIZE", 7)
    lines = texts(40)
    path, output = tmp_path / "texts.txt", tmp_path / "vectors.npy"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert command("encode", archive, path, "--output", output)[0] == 0
    expected = keras.saving.load_model(archive).encode_text(lines)
    np.testing.assert_allclose(np.load(output), expected, atol=1e-6)


@pytest.mark.parametrize("num_lines", [39, 41])
def test_encode_of_a_file_that_changes_meanwhile(
    command, archive, tmp_path, monkeypatch, num_lines
):
    path, output = tmp_path / "texts.txt", tmp_path / "vectors.npy"
    path.write_text("\n".join(texts(40)), encoding="utf-8")
    encode = encoding.encode_in_chunks

    def encode_later(*arguments, **options):
        path.write_text("\n".join(texts(num_lines)), encoding="utf-8")
        return encode(*arguments, **options)

    monkeypatch.setattr(encoding, "encode_in_chunks", encode_later)
    # Else the sample that decides the precision is all that is read.
    monkeypatch.setattr("keras_mirror.cli.encode.SAMPLE_SIZE", 0)
    code, _, errors = command("encode", archive, path, "--output", output)
    assert code == 1 and not output.exists()
    assert f"40 texts when they were counted, {num_lines} when" in errors


def test_encode_of_an_empty_file(command, archive, tmp_path):
    path, output = tmp_path / "empty.txt", tmp_path / "vectors.npy"
    path.write_text("")
    assert command("encode", archive, path, "--output", output)[0] == 0
    assert np.load(output).shape == (0, 8)


def test_similarity_writes_a_file(command, archive, tmp_path):
    pairs, output = tmp_path / "pairs.tsv", tmp_path / "scores.tsv"
    pairs.write_text("a cat\ta dog\n", encoding="utf-8")
    code, screen, _ = command("similarity", archive, pairs, "--output", output)
    assert (code, screen) == (0, "")
    assert output.read_text(encoding="utf-8").endswith("\ta cat\ta dog\n")


# === Wrong use: exit code 2, one line, nothing touched ===


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--recipe", "poem"], "'poem' is not one of"),
        (["--temperature", "0"], "`temperature` must be a positive float"),
        (["--temperature", "warm"], "'warm' is not a valid float"),
        (["--pooling-mode", "median"], "`pooling_mode` must be one of"),
        (["--batch-size", "1"], "`batch_size` must be an integer, 2 or more"),
        (["--backend", "theano"], "'theano' is not one of"),
        (["--preset", "bert_bse_en"], "Similar names: bert_base_en"),
        (["--preset", "./nowhere"], "`preset` must be an existing folder"),
        (["--dtype-policy", "float7"], "float7"),
        (["--output", "encoder.h5"], "must end in .keras"),
        (["--nonsense"], "No such option"),
        (["--center", "--keep-optimizer"], "one of --center and --keep-op"),
        (["--whiten", "--keep-optimizer"], "one of --whiten and --keep-op"),
        (["--dimensions", 2, "--keep-optimizer"], "one of --dimensions and -"),
        (["--dimensions", "9"], "must be at most 8, for 8 numbers in the mod"),
    ],
)
def test_train_refuses(command, preset, corpus, tmp_path, arguments, message):
    output = tmp_path / "encoder.keras"
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", output],
        *arguments,
    )
    assert code == 2
    assert message in errors
    lines = errors.strip().splitlines()
    assert lines[-1].startswith("keras-mirror: error: ")
    assert "Traceback" not in errors
    assert not output.exists()


def test_missing_corpus(command, preset, tmp_path):
    code, _, errors = command(
        *["train", tmp_path / "no.txt", "--preset", preset],
        *["--output", tmp_path / "encoder.keras"],
    )
    assert code == 2
    assert "no.txt', which is missing" in errors


def test_existing_output_is_kept_unless_told(command, preset, corpus, tmp_path):
    output = tmp_path / "encoder.keras"
    output.write_text("precious")
    arguments = ["train", corpus, "--preset", preset, "--output", output]
    code, _, errors = command(*arguments)
    assert code == 2 and "add --overwrite" in errors
    assert output.read_text() == "precious"
    code, _, errors = command(*arguments, "--overwrite", "--batch-size", 10)
    assert code == 0, errors
    assert keras.saving.load_model(output).recipe.batch_size == 10


# === Failures: exit code 1, one line ===


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "at least two different strings"),
        (b"one line\n \none line\n", "3 lines with 1 usable string(s)"),
        (b"fine\n\xff\xfe\n", "corpus.txt, line 2 is not UTF-8"),
    ],
)
def test_unusable_corpus(command, preset, tmp_path, content, message):
    corpus = tmp_path / "corpus.txt"
    corpus.write_bytes(content)
    output = tmp_path / "encoder.keras"
    code, _, errors = command(
        "train", corpus, "--preset", preset, "--output", output
    )
    assert code == 1
    assert message in errors and len(errors.strip().splitlines()) == 1
    assert not output.exists()


def test_corpus_smaller_than_a_batch_trains_and_says_so(
    command, preset, tmp_path
):
    corpus, output = tmp_path / "corpus.txt", tmp_path / "encoder.keras"
    corpus.write_bytes(b"\xff one\n" + "\n".join(SENTENCES).encode())
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", output],
        *["--errors", "replace"],
    )
    assert code == 0
    assert "11 usable strings, fewer than batch_size=200" in errors
    assert output.exists()


def test_output_that_cannot_be_written(command, preset, corpus, tmp_path):
    code, _, errors = command(
        *["train", corpus, "--preset", preset],
        *["--output", tmp_path / "no_folder" / "encoder.keras"],
    )
    assert code == 1 and "cannot be written" in errors


def test_damaged_archive(command, corpus, tmp_path):
    archive = tmp_path / "damaged.keras"
    archive.write_bytes(b"PK\x03\x04 not a zip")
    output = tmp_path / "vectors.npy"
    code, _, errors = command("encode", archive, corpus, "--output", output)
    assert code == 1
    assert "is not a readable archive" in errors
    assert not output.exists()


def test_foreign_archive(command, corpus, tmp_path):
    archive = tmp_path / "foreign.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(archive)
    output = tmp_path / "vectors.npy"
    code, _, errors = command("encode", archive, corpus, "--output", output)
    assert code == 1
    assert "must hold a MirrorModel. Received: a Sequential" in errors


@pytest.mark.parametrize("line", ["no tab here", "two\ttabs\there"])
def test_pairs_of_another_width(command, archive, tmp_path, line):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(f"a\tb\n{line}\n")
    code, _, errors = command("similarity", archive, pairs)
    assert code == 1
    assert "line 2 must be two texts with a TAB" in errors


@pytest.mark.processes
def test_an_archive_for_use_has_no_optimizer(command, preset, corpus, tmp_path):
    sizes = {}
    for option in ((), ("--keep-optimizer",)):
        output = tmp_path / f"encoder{len(option)}.keras"
        code, _, errors = command(
            *["train", corpus, "--preset", preset, "--output", output],
            *["--batch-size", 10, *option],
        )
        assert code == 0, errors
        assert errors.splitlines()[-1] == (
            f"next: keras-mirror index {output} {corpus} --output texts.index"
        )
        model = keras.saving.load_model(output)
        assert model.record.runs[0].steps == 3
        assert hasattr(model, "optimizer") == bool(option)
        sizes[option] = output.stat().st_size
    assert int(model.optimizer.iterations) == 3
    assert sizes[()] < 0.8 * sizes["--keep-optimizer",]


# === Quickstart ===


@pytest.fixture
def few_functions(monkeypatch):
    """A small API, a third of it with namesakes, instead of all packages."""
    from keras_mirror.evaluation import python_api

    numbered = texts(60)
    api = {f"numpy.f{i}": text for i, text in enumerate(numbered[:20])}
    api |= {f"keras.ops.f{i}": text for i, text in enumerate(numbered[20:40])}
    api |= {f"json.f{i}": text for i, text in enumerate(numbered[40:])}
    api["json.again"] = api["json.f0"]
    api["random.shuffle"] = "Shuffle list x in place."  # of a search
    monkeypatch.setattr(python_api, "load_data", lambda: api)
    return api


@pytest.mark.processes
def test_quickstart(command, preset, few_functions, tmp_path, monkeypatch):
    module = sys.modules["keras_mirror.cli.quickstart"]
    opened = mock.Mock(wraps=module.open_model)
    monkeypatch.setattr(module, "open_model", opened)
    monkeypatch.chdir(tmp_path)
    arguments = ["quickstart", "--preset", preset, "--seed", 3]
    code, screen, errors = command(*arguments)
    assert code == 0, errors
    assert opened.call_count == 1  # all stages share its weights
    told = re.sub(" +", " ", errors)
    for line in (
        "functions 62",
        f"encoder {preset}",
        f"different texts {len(set(few_functions.values()))}",
        "steps 1 of 1",
        "archive encoder.keras",
    ):
        assert line in told
    assert "next: keras-mirror index encoder.keras" in errors
    shown = re.findall(
        r"40 namesakes, (accuracy@1|accuracy@5|mean reciprocal rank)"
        r"\D+([\d.]+)\D+([\d.]+)\D+([\d.]+)",
        screen,
    )
    assert [name for name, *_ in shown] == [
        "accuracy@1",
        "accuracy@5",
        "mean reciprocal rank",
    ]
    model = keras.saving.load_model("encoder.keras")
    assert not hasattr(model, "optimizer") and len(model.record.runs) == 1
    from keras_mirror.evaluation import python_api
    from keras_mirror.evaluation import score_retrieval

    load = functools.partial(
        keras_mirror.MirrorModel.from_preset, preset, sequence_length=32
    )
    untrained = load()
    untrained.encoder.token_weights.count(
        **untrained.preprocessor(sorted(set(few_functions.values())))
    )
    tasks = python_api.namesakes(few_functions)
    stages = [
        score_retrieval(each, tasks)
        for each in (load("paper_sentence"), untrained, model)
    ]
    for name, *values in shown:
        expected = [100 * scores[name] for scores in stages]
        assert list(map(float, values)) == pytest.approx(expected, abs=0.051)
    gains = 100 * np.diff([scores["accuracy@1"] for scores in stages])
    told = " ".join(screen.split())
    for what, gain in zip(
        ("Our pooling and token weights", "Mirroring on the docstrings"),
        gains,
        strict=True,
    ):
        assert f"{what} changed that by {gain:+.1f} points" in told

    code, _, errors = command(*arguments)
    assert code == 2 and "encoder.keras' exists" in errors
    code, again, _ = command(*arguments, "--overwrite")
    assert code == 0 and again == screen


@pytest.mark.processes
def test_quickstart_shows_searches_of_the_raw_language_model(
    command, preset, few_functions, tmp_path
):
    output = tmp_path / "encoder.keras"
    code, screen, _ = command(
        "quickstart", "--preset", preset, "--output", output
    )
    assert code == 0
    query = "put a list in random order"
    model = keras_mirror.MirrorModel.from_preset(
        preset, "paper_sentence", sequence_length=32
    )
    unique = list(dict.fromkeys(few_functions.values()))
    cosines = model.similarity(
        model.encode_text(query), model.encode_text(unique)
    )[0]
    names = {text: name for name, text in reversed(few_functions.items())}
    best = [unique[row] for row in np.argsort(-cosines)[:3]]
    answers = screen.split(f"{query}\n")[1].split("\n\n")[0]
    right = few_functions["random.shuffle"]
    for line, text in zip(answers.splitlines(), best, strict=True):
        mark = "*" if text == right else " "
        assert line[8:] == f"{mark} {names[text]}: {text}"
    found = int(right in best)
    assert (
        f"Of these 1\nsearches {found} have one among their first 3 " in screen
    )


def test_quickstart_without_a_network_takes_the_bundled_preset(
    command, few_functions, tmp_path, monkeypatch
):
    from keras_mirror.cli import quickstart as module

    hub.leave_network(monkeypatch, tmp_path)
    asked = []

    def stop(preset, **overrides):
        asked.append((preset, overrides))
        raise RuntimeError("stopped")

    monkeypatch.setattr(module, "open_model", stop)
    code, _, errors = command("quickstart", "--output", tmp_path / "e.keras")
    assert code == 1 and errors.splitlines()[-1].endswith("stopped")
    assert asked == [("mirror_student_en", {"sequence_length": 32})]
    assert errors.startswith("Encoder: all_minilm_l6_v2_en, 92 MB\n")
    assert (
        "so the bundled mirror_student_en is taken, which is a student"
        in errors
    )


@pytest.mark.processes
def test_quickstart_interactive(
    command, preset, few_functions, tmp_path, monkeypatch
):
    text = few_functions["json.f0"]  # and "json.again"
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{text}\n\nnot asked\n"))
    code, screen, errors = command(
        *["quickstart", "--preset", preset, "--interactive"],
        *["--output", tmp_path / "encoder.keras"],
    )
    assert code == 0, errors
    answer = screen.split(f"\n{text}\n")[1].splitlines()[0]
    assert answer == f"  1.00  json.f0: {text}"
    assert "not asked" not in screen


def test_quickstart_of_an_unknown_preset(command, few_functions, tmp_path):
    code, _, errors = command(
        *["quickstart", "--preset", "mirror_mini_em"],
        *["--output", tmp_path / "encoder.keras"],
    )
    assert code == 2 and "Similar names: mirror_mini_lm_en" in errors


def test_default_presets(command):
    for name, words in (
        ("train", "[default: mirror_student_en]"),
        ("quickstart", "Default: all_minilm_l6_v2_en where it can be had"),
    ):
        _, screen, _ = command(name, "--help")
        assert words in " ".join(screen.split())


# === As a process ===


@pytest.mark.processes
def test_an_archive_loads_where_the_command_line_started(archive, tmp_path):
    """Other tests run commands where the whole package is imported."""
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a man\ta man\n", encoding="utf-8")
    process = start("similarity", archive, pairs)
    screen, errors = process.communicate(timeout=300)
    assert (screen, process.returncode) == ("1.0000\ta man\ta man\n", 0), errors


@pytest.mark.processes
def test_screen_has_no_framework_noise(preset, corpus, tmp_path):
    output = tmp_path / "encoder.keras"
    process = start(
        *["train", corpus, "--preset", preset, "--output", output],
        *["--batch-size", 10],
    )
    screen, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert screen == ""
    allowed = re.compile(
        r"Training, loss|\s{8}|\s*$|(corpus|strings read|empty|with NUL bytes"
        r"|duplicates|steps|last loss|archive|seconds)(  |$)"
        r"|next: keras-mirror "
    )
    noise = [line for line in errors.split("\n") if not allowed.match(line)]
    assert noise == []


def test_interrupt_saves_what_was_learned(
    command, preset, tmp_path, monkeypatch
):
    from keras_mirror.cli.training_progress import TrainingProgress

    def interrupt_third_step(self, batch, logs=None):
        if batch == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(
        TrainingProgress, "on_train_batch_begin", interrupt_third_step
    )
    corpus, output = tmp_path / "corpus.txt", tmp_path / "encoder.keras"
    corpus.write_text("\n".join(texts(100)), encoding="utf-8")
    saved = tmp_path / "encoder.interrupted.keras"
    saved.write_text("an older one")
    handler = signal.getsignal(signal.SIGINT)
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", output],
        *["--batch-size", 10, "--epochs", 3, "--center"],
    )
    assert code == 130, errors
    assert re.search(r"steps +3 of 30", errors)
    assert saved.read_text() == "an older one"
    assert not output.exists()
    second = tmp_path / "encoder.interrupted-2.keras"
    assert str(second) in errors
    model = keras.saving.load_model(second)
    assert int(model.optimizer.iterations) == 3
    assert signal.getsignal(signal.SIGINT) is handler


def test_interrupt_before_training_saves_nothing(
    command, preset, corpus, tmp_path, monkeypatch
):
    from keras_mirror import MirrorModel

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(MirrorModel, "from_preset", interrupt)
    code, _, errors = command(
        *["train", corpus, "--preset", preset],
        *["--output", tmp_path / "encoder.keras"],
    )
    assert code == 130
    assert "interrupted; nothing was saved" in errors
    assert list(tmp_path.glob("*.keras")) == []
