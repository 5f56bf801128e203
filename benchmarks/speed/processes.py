"""Runs one side of a comparison as a process of its own."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).parent / "sides"


@dataclasses.dataclass
class Run:
    """What a process took, and the JSON object that it printed last."""

    seconds: float
    peak_megabytes: float
    printed: dict


def run_script(name, *arguments, backend=None):
    """Runs a script of `sides` with the Python that runs us."""
    return run([sys.executable, str(FOLDER / name), *arguments], backend)


def run_command(*arguments, backend=None):
    """Runs `keras-mirror`."""
    return run(command_line(*arguments), backend)


def command_line(*arguments):
    """The words of a call of `keras-mirror`."""
    program = pathlib.Path(sys.executable).with_name("keras-mirror")
    return [str(program), *map(str, arguments)]


def surroundings(backend):
    """The environment of every side."""
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    if backend:
        environment["KERAS_BACKEND"] = backend
    return environment


def run(command, backend):
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=surroundings(backend),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise RuntimeError(
            f"{' '.join(map(str, command))} failed with status {status}"
        )
    lines = output.strip().splitlines()
    is_json = bool(lines) and lines[-1].startswith('{"')
    printed = json.loads(lines[-1]) if is_json else {}
    return Run(seconds, usage.ru_maxrss / 1024, printed)
