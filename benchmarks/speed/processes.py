"""Runs one side of a comparison as a process of its own."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).parent / "sides"


@dataclasses.dataclass
class Run:
    """What a process took and printed, and the JSON object of its last line."""

    seconds: float
    peak_megabytes: float
    output: str
    printed: dict


def run_script(name, *arguments, backend=None):
    """Runs a script of `sides` with the Python that runs us."""
    command = [sys.executable, str(FOLDER / name), *arguments]
    return run(command, surroundings(backend))


def run_command(*arguments, backend=None, cache=None):
    """Runs `keras-mirror`; `cache` is where JAX keeps what it compiles."""
    return run(command_line(*arguments), surroundings(backend, cache))


def command_line(*arguments):
    """The words of a call of `keras-mirror`."""
    program = pathlib.Path(sys.executable).with_name("keras-mirror")
    return [str(program), *map(str, arguments)]


def surroundings(backend, cache=None):
    """The environment of every side."""
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    environment.pop("KERAS_BACKEND", None)
    if backend:
        environment["KERAS_BACKEND"] = backend
    if cache:
        environment["XDG_CACHE_HOME"] = str(cache)
    return environment


def run(command, environment):
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            errors.seek(0)
            raise RuntimeError(
                f"{' '.join(map(str, command))} failed with status {status}: "
                f"{errors.read()[-1000:]}"
            )
    lines = output.strip().splitlines()
    is_json = bool(lines) and lines[-1].startswith('{"')
    printed = json.loads(lines[-1]) if is_json else {}
    program = pathlib.Path(str(command[1])).name  # a script, or our command
    print(f"{seconds:7.1f} s  {program} {printed or ''}", file=sys.stderr)
    return Run(seconds, usage.ru_maxrss / 1024, output, printed)
