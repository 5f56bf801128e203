import json
import os
import re
import subprocess
import sys

import pytest
from support.archives import change_config
from support.archives import rewrite
from support.models import make_model
from support.models import save_preset
from support.references import Batches
from support.texts import texts

from keras_mirror.archive.model_card import model_card
from keras_mirror.archive.reading import archive_info
from keras_mirror.archive.record import TrainingRecord

IMPORTED = """
import sys, keras_mirror_cli
sys.argv = ["keras-mirror", *sys.argv[1:]]
try: keras_mirror_cli.main()
except SystemExit as end: print("exit", end.code)
print({"keras", "tensorflow", "torch", "jax"} & set(sys.modules))
"""


@pytest.fixture(scope="module")
def model():
    model = make_model(recipe="sentence")
    model.record = TrainingRecord("some_base")
    model.compile()
    views = model.preprocessor.views(texts(3))
    model.fit(Batches([views] * 2), verbose=0)
    model.record = model.record.with_scores({"dev": 0.5})
    return model


@pytest.fixture(scope="module")
def archive(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("info") / "encoder.keras"
    model.save(path)
    return path


def test_info(command, model, archive):
    code, screen, errors = command("info", archive)
    assert (code, errors) == (
        0,
        f"next: keras-mirror index {archive} TEXTS --output texts.index\n",
    )
    lines = screen.splitlines()
    titles = [line for line in lines if line and not line.startswith(" ")]
    assert titles == ["Model", "Encoder", "Recipe", "Training", "Scores"]
    rows = dict(x.split("  ", 1) for x in map(str.strip, lines) if "  " in x)
    rows = {name: value.strip() for name, value in rows.items()}
    assert rows["archive"] == str(archive) and rows["size"].startswith("0.")
    assert rows["base"] == "some_base"
    assert rows["backbone"].startswith("BertBackbone, num_layers 2, ")
    numbers = archive_info(archive)["parameters"]
    assert rows["parameters"] == (
        f"{numbers['encoder']:,} in the encoder, "
        f"{numbers['training_only']:,} more in training, "
        f"{numbers['optimizer']:,} of the optimizer"
    )
    assert rows["dtype policy"] == "float32"
    size = model.preprocessor.tokenizer.vocabulary_size()
    assert rows["tokenizer"] == f"BertTokenizer, {size:,} tokens"
    assert rows["pooling"].startswith("mean, frequent tokens weigh less")
    recipe = model.recipe.get_config()
    for name, value in recipe.items():
        assert rows[name] == ("-" if value is None else str(value))
    words = "an unknown corpus; 1 of 1 epochs; 2"
    assert rows["fit 1"].startswith(words)
    assert rows["dev"] == "0.5"


def test_info_tells_of_a_mean_and_of_whitening(command, model, tmp_path):
    path = tmp_path / "ended.keras"
    pair = ["a man", "a woman"]
    model.centered(pair).whitened(pair).save(path)
    _, screen, _ = command("info", path)
    assert "last layer, the mean direction removed, whitened\n" in screen


def test_long_values_go_on_under_themselves(command, archive, monkeypatch):
    _, whole, _ = command("info", archive)
    assert max(map(len, whole.splitlines())) > 80
    monkeypatch.setenv("COLUMNS", "80")
    _, screen, _ = command("info", archive)
    lines = screen.splitlines()
    long = [line for line in lines if len(line) > 80]
    assert all(str(archive) in line for line in long)  # a path stays whole
    start = next(n for n, line in enumerate(lines) if "  fit 1" in line)
    indent = lines[start].index("an unknown")
    assert (
        lines[start + 1][:indent].isspace() and lines[start + 1][indent] != " "
    )
    assert " ".join(screen.split()) == " ".join(whole.split())


def test_info_as_json(command, archive):
    code, screen, _ = command("info", archive, "--json")
    assert code == 0 and json.loads(screen) == archive_info(archive)


def test_info_prints_the_card(command, model, archive):
    assert command("info", archive, "--card") == (0, model_card(model), "")


def test_info_of_an_older_archive(command, archive, tmp_path):
    path = change_config(
        archive, tmp_path / "changed.keras", lambda c: c.pop("record")
    )
    path = rewrite(path, tmp_path / "old.keras", **{"README.md": None})
    code, screen, _ = command("info", path)
    assert code == 0
    assert re.search("  base +unknown\n", screen) and "Training" not in screen
    code, screen, errors = command("info", path, "--card")
    assert (code, screen) == (1, "")
    assert "has no model card" in errors


@pytest.mark.parametrize("option", [[], ["--json"], ["--card"]])
def test_info_of_a_damaged_archive(command, tmp_path, option):
    path = tmp_path / "damaged.keras"
    path.write_bytes(b"PK\x03\x04 not a zip")
    code, screen, errors = command("info", path, *option)
    assert (code, screen) == (1, "")
    assert errors.startswith(f"keras-mirror: error: '{path}' is not a readable")
    assert errors.count("\n") == 1


def test_a_record_of_another_kind_is_one_line(command, archive, tmp_path):
    path = change_config(
        archive,
        tmp_path / "damaged.keras",
        lambda config: config["record"]["config"].update(runs=[3]),
    )
    code, _, errors = command("info", path)
    assert code == 1 and errors.count("\n") == 1


def test_a_file_cannot_steer_the_screen(command, model, tmp_path):
    model.record = model.record.with_scores({"\x1b[31mred\x07": 1})
    model.save(tmp_path / "encoder.keras")
    for option in ([], ["--card"], ["--json"]):
        _, screen, _ = command("info", tmp_path / "encoder.keras", *option)
        assert "[31mred" in screen
        assert "\x1b" not in screen and "\x07" not in screen


def test_info_refuses_two_answers_at_once(command, archive):
    code, _, errors = command("info", archive, "--json", "--card")
    assert code == 2 and "--json and --card cannot be combined" in errors


def test_info_of_a_missing_file(command, tmp_path):
    code, _, errors = command("info", tmp_path / "no.keras")
    assert code == 2 and "does not exist" in errors


def test_info_loads_no_framework(archive):
    result = subprocess.run(
        [sys.executable, "-c", IMPORTED, "info", str(archive)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    *rows, end, imported = result.stdout.splitlines()
    assert end == "exit 0" and imported == "set()"
    assert "2 steps" in "".join(rows)


def test_what_train_knew_is_told(command, tmp_path):
    preset = save_preset(tmp_path / "my_preset")
    corpus, archive = tmp_path / "corpus.txt", tmp_path / "encoder.keras"
    lines = [*texts(30), "", "nul\0byte", *texts(3), "one more\tcolumn"]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, _, errors = command(
        *["train", corpus, "--preset", preset, "--output", archive],
        *["--batch-size", 10, "--sequence-length", 24, "--pairs"],
    )
    assert code == 0, errors
    record = archive_info(archive)["record"]
    (run,) = record["runs"]
    assert record["base"] == "my_preset"
    assert (run["steps"], run["batch_size"]) == (3, 10)
    digest = run["corpus"].pop("sha256")
    assert run["corpus"] == {
        "num_strings": 31,
        "num_pairs": 1,
        "num_read": 36,
        "num_empty": 1,
        "num_binary": 1,
        "num_duplicates": 3,
        "num_unsampled": 0,
    }
    _, card, _ = command("info", archive, "--card")
    assert digest in card and str(tmp_path) not in card
    assert not any(text in card for text in texts(30))
