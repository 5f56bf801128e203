import base64
import json
import re
import sys

import click
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror.cli import judge_screen
from keras_mirror.evidence.judge import BlindPair

LINES = texts(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two archives, and texts."""
    folder = tmp_path_factory.mktemp("judge")
    make_model(pooling_mode="cls").save(folder / "a.keras")
    make_model(pooling_mode="mean").save(folder / "b.keras")
    (folder / "texts.txt").write_text("\n".join(LINES), "utf-8")
    (folder / "empty.txt").write_text(" \n\n")
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.fixture
def press(monkeypatch):
    """A terminal on which keys are pressed."""

    def press(*keys):
        left = iter(keys)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(click, "getchar", lambda: next(left))

    return press


def pairs_of(page):
    content = re.search(r'id="pairs">(.*?)</script>', page, re.DOTALL)
    names, sides = json.loads(
        base64.b64decode(re.search(r'atob\("(.*?)"', page)[1])
    )
    return json.loads(content[1]), names, sides


# === In a terminal ===


def test_choices_are_counted_for_the_encoder_behind_them(
    command, press, tmp_path
):
    path = tmp_path / "page.html"
    command("judge", "a.keras", "b.keras", "texts.txt", "--html", path)
    pairs, names, sides = pairs_of(path.read_text(encoding="utf-8"))
    assert names == ["a.keras", "b.keras"] and len(sides) == 20
    # Always for the first, but for two ties and what comes after `q`.
    press("e", " ", *("l" if side else "r" for side in sides[2:10]), "q")
    code, screen, errors = command("judge", "a.keras", "b.keras", "texts.txt")
    assert code == 0, errors
    assert screen == (
        "a.keras was chosen 8 times, b.keras 0 times, 2 ties: a.keras is "
        "better (p = 0.008)\n"
    )
    # The same pairs are asked in the terminal.
    assert "1 of 20: " + pairs[0]["query"] in errors
    assert "11 of 20" in errors and "12 of 20" not in errors
    assert "a.keras" not in errors.split("seconds")[1]


def test_json(command, press):
    press("q")
    code, screen, errors = command(
        *["judge", "a.keras", "b.keras", "texts.txt", "--json"],
        *["--number", "2"],
    )
    assert code == 0, errors
    assert json.loads(screen) == {
        "names": ["a.keras", "b.keras"],
        "first": 0,
        "second": 0,
        "ties": 0,
        "p_value": 1.0,
        "better": None,
    }


@pytest.mark.parametrize(
    "keys, leads",
    [
        (["l", "R"], [1, 1]),
        (["\x1b[C", "\x1bOD"], [-1, -1]),
        (["x", "\x1b[A", "e", "\r", " "], [0, 0]),
        (["L", "Q"], [1]),
    ],
)
def test_one_key_a_pair(press, keys, leads, capsys):
    pairs = [BlindPair("q", ["x"], ["y"], side) for side in (True, False)]
    press(*keys)
    assert list(judge_screen.ask_leads(pairs)) == leads


def test_texts_cannot_steer_the_terminal(press, capsys):
    texts = ["\x1b[2J[bold]a\nman[/bold]", "b " * 300]
    press("q")
    pair = BlindPair("\x1b[2Jquery", texts, ["y"], True)
    list(judge_screen.ask_leads([pair]))
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "[bold]a man[/bold]" in shown and r"1 of 1: \u001b[2Jquery" in shown
    assert shown.count("b b") and "…" in shown
    assert shown.count("b") < 150


# === On a page ===


def test_a_page_of_the_searches_in_a_file(command, tmp_path):
    queries = ["two dogs run fast", "a cat", "a man sleeps", "a cat"]
    (tmp_path / "queries.txt").write_text("\n".join([*queries, ""]), "utf-8")
    path = tmp_path / "page.html"
    arguments = ["judge", "a.keras", "b.keras", "texts.txt", "--html", path]
    arguments += ["--queries", tmp_path / "queries.txt", "--sample", "50"]
    code, screen, errors = command(*arguments)
    assert (code, screen) == (0, ""), errors
    pairs, _, _ = pairs_of(path.read_text(encoding="utf-8"))
    assert sorted(pair["query"] for pair in pairs) == sorted(set(queries))
    told = re.sub(" +", " ", errors)
    assert "searches 3, the same was found for 0" in told
    assert f"texts {min(50, len(set(LINES)))}" in told
    assert f"written {path}" in told
    assert "next: keras-mirror judge --answers answers.json" in errors
    code, _, errors = command(*arguments)
    assert code == 2 and "page.html' exists" in errors
    assert command(*arguments, "--overwrite")[0] == 0


def test_answers_of_several_people(command, tmp_path):
    for number in range(2):
        content = {
            "names": ["a.keras", "b.keras"],
            "choices": [[f"text {i}", "b.keras"] for i in range(6)],
        }
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(content), "utf-8")
    files = [f"--answers={tmp_path / name}" for name in ("0.json", "1.json")]
    code, screen, errors = command("judge", *files)
    assert code == 0, errors
    assert screen == (
        "a.keras was chosen 0 times, b.keras 6 times, 0 ties: b.keras is "
        "better (p = 0.031)\n"
    )
    assert "each search once, as most of them chose" in errors


# === Wrong use ===


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "A B TEXTS. Received: nothing"),
        (["a.keras", "b.keras"], "A B TEXTS. Received: a.keras b.keras"),
        (["a.keras", "c.keras", "texts.txt"], "'c.keras' does not exist"),
        (["a.keras", "a.keras", "texts.txt"], "must differ. Received: a.keras"),
        (
            ["a.keras", "b.keras", "texts.txt"],
            "judging needs a terminal. --html FILE makes a page to judge on",
        ),
        (
            ["a.keras", "b.keras", "texts.txt", "--html", "x.json"],
            "--html must end in .html",
        ),
        (
            ["a.keras", "b.keras", "none.txt", "--html", "x.html"],
            "none.txt",
        ),
        (
            ["a.keras", "b.keras", "texts.txt", "--html", "x.html"]
            + ["--queries", "empty.txt"],
            "'empty.txt' must hold texts. Received: none",
        ),
        (
            ["a.keras", "--answers", "texts.txt"],
            "--answers takes no A B TEXTS and no --html",
        ),
    ],
)
def test_wrong_use(command, arguments, message):
    code, screen, errors = command("judge", *arguments)
    assert code == 2 and message in errors and not screen
    assert len(errors.splitlines()) == 1


def test_encoders_that_find_the_same(command, folder, tmp_path):
    (tmp_path / "same.keras").write_bytes((folder / "a.keras").read_bytes())
    arguments = ["a.keras", tmp_path / "same.keras", "texts.txt"]
    code, _, errors = command("judge", *arguments, "--html", "same.html")
    assert code == 1 and "there is nothing to judge" in errors
    assert not (folder / "same.html").exists()


def test_a_missing_extra_is_told_before_the_work(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    arguments = ["a.keras", "b.keras", "none.txt", "--html", "x.html"]
    code, _, errors = command("judge", *arguments)
    assert code == 1 and 'pip install "keras-mirror[report]"' in errors
