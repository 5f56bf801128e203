"""What others wrote, on a terminal and in files whose rows are lines."""

import io
import json
import os
import subprocess
import sys

import pytest
from rich.console import Console

from keras_mirror.cli import console
from keras_mirror.cli.printable import one_line
from keras_mirror.cli.printable import printable

HOSTILE = "\x1b]0;title\x07 \x9b2J \r \u202e \u2066 \x7f \ud800"
SHOWN = r"\u001b]0;title\u0007 \u009b2J \u000d \u202e \u2066 \u007f \ud800"
LINE_BREAKS = "a\tb\nc\rd\x85e\u2028f"


def test_control_characters_are_shown():
    assert printable(HOSTILE) == SHOWN
    # Joiners, wide spaces and marks are part of how people write.
    harmless = "e\u0301 \u200d\u200c \u3000 \xa0 \xad \U0001f600\tb\n"
    assert printable(harmless) == harmless
    for code in range(sys.maxunicode + 1):
        shown = printable(chr(code))
        assert shown == chr(code) or json.loads(f'"{shown}"') == chr(code)


def test_a_cell_is_one_line():
    assert one_line(LINE_BREAKS) == "a b c d e f"
    for code in range(sys.maxunicode + 1):
        assert len(f"a{one_line(chr(code))}b".splitlines()) == 1


def test_results_do_not_steer_the_screen(capsys):
    console.write_table([(1, f"{HOSTILE}{LINE_BREAKS}"), (2, "b")])
    console.print_texts(HOSTILE, [(0.5, HOSTILE, LINE_BREAKS)])
    console.print_rows([("name", f"{HOSTILE}\nfit  none")], sys.stdout)
    screen = capsys.readouterr().out
    assert screen == printable(screen)
    assert screen.count(r"\u001b") == 4 and len(screen.splitlines()) == 6


def test_json_does_not_steer_the_screen(capsys):
    console.print_json({"text": HOSTILE, "é": 1})
    screen = capsys.readouterr().out
    assert screen == printable(screen) and "é" in screen
    assert json.loads(screen) == {"text": HOSTILE, "é": 1}


def test_a_file_has_a_line_for_every_row(tmp_path):
    path = tmp_path / "pairs.tsv"
    console.write_table([(1, LINE_BREAKS), (2, "\x1b \ud800")], str(path))
    assert path.read_text(encoding="utf-8") == (
        "1\ta b c d e f\n2\t\x1b \\ud800\n"
    )


def test_errors_do_not_steer_the_screen(command, tmp_path):
    path = tmp_path / "\x1b[2J\udcff[/b].txt"
    output = tmp_path / "encoder.keras"
    code, _, errors = command("train", path, "--output", output)
    assert code == 2
    assert errors == printable(errors) and r"\u001b[2J" in errors


def test_spinners_and_bars_take_no_markup(monkeypatch):
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(console, "console", lambda: screen)
    with console.status("Reading x[/y]\x1b]0;.txt"):
        pass
    with console.progress_bar() as bar:
        bar.add_task("x[/y].keras")
    shown = screen.file.getvalue()
    assert r"Reading x[/y]\u001b]0;.txt ..." in shown and "x[/y].keras" in shown


@pytest.mark.processes
def test_text_out_is_utf8():
    code = "import sys, keras_mirror_cli; from keras_mirror.cli import console"
    code += "; console.write_utf8(); console.echo('😀é'); console.echo('é', 1)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
    )
    assert result.stdout.decode("utf-8").strip() == "😀é", result.stderr
    assert result.stderr.decode("utf-8").strip() == "é"
