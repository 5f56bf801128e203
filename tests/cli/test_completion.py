import os
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete
from support.processes import run_python

from keras_mirror.cli import completion
from keras_mirror.cli.main import cli

SHELLS = list(completion.FILES)


def complete(*words):
    """What Tab proposes for the last word."""
    shell = BashComplete(cli, {}, completion.PROGRAM, completion.VARIABLE)
    found = shell.get_completions(list(words[:-1]), words[-1])
    return [(item.type, item.value) for item in found]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(shell, command):
    code, screen, errors = command("completion", shell)
    assert (code, errors) == (0, "")
    assert f"_KERAS_MIRROR_COMPLETE={shell}_complete" in screen


def test_the_shell_is_that_of_the_user(command, monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert "zsh_complete" in command("completion")[1]
    for name in ("/bin/tcsh", ""):
        monkeypatch.setenv("SHELL", name)
        code, _, errors = command("completion")
        assert code == 2 and "SHELL must be one of bash, zsh, fish" in errors


def test_commands_options_and_values():
    assert complete("ev") == [("plain", "evaluate")]
    assert ("plain", "--over-seeds") in complete("evaluate", "--")
    assert ("plain", "word") in complete("train", "--recipe", "w")
    assert complete("train", "--output", "enc") == [("file", "enc")]


@pytest.mark.parametrize(
    "words", [["info"], ["index"], ["export"], ["train", "--preset"]]
)
def test_names_of_presets_and_files(words):
    assert complete(*words, "mirror_s") == [
        ("file", "mirror_s"),
        ("plain", "mirror_student_en"),
    ]


@pytest.mark.parametrize("name", ["index", "cluster", "similarity", "distill"])
def test_texts_are_files(name):
    assert complete(name, "mirror_student_en", "te") == [("file", "te")]


LOADED = """
import os, sys
os.environ["_KERAS_MIRROR_COMPLETE"] = "bash_complete"
os.environ.update(COMP_WORDS="keras-mirror info mirror_s", COMP_CWORD="2")
import keras_mirror_cli
try: keras_mirror_cli.main()
except SystemExit: pass
print({"keras", "tensorflow", "torch", "jax"} & set(sys.modules))
"""


def test_completion_loads_no_framework():
    screen = run_python(LOADED, backend="")
    assert screen.splitlines() == [
        "file,mirror_s",
        "plain,mirror_student_en",
        "set()",
    ]


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes(tmp_path):
    program = tmp_path / "keras-mirror"
    code = "import keras_mirror_cli; keras_mirror_cli.main()"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{code}' \"$@\"\n")
    program.chmod(0o755)
    script = """
eval "$(keras-mirror completion bash)"
compopt() { echo "compopt ${*: -1}"; }  # works only while bash completes
for line in "dup" "info mirror_s"; do
    COMP_WORDS=(keras-mirror $line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _keras_mirror_completion keras-mirror
    echo "${COMPREPLY[@]}"
    COMPREPLY=()
done
"""
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "PYTHONPATH": os.getcwd()},
    )
    assert result.stdout.splitlines() == [
        "duplicates",
        "compopt default",
        "mirror_student_en",
    ], result.stderr
