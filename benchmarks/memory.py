"""Memory of `keras-mirror encode` while the number of texts grows.

python benchmarks/memory.py --texts 2000000 --output memory.svg

Encodes made-up texts of 4 to 16 words with a tiny model into a .npy file, into
a folder, and into a folder on Ray, each as a process of its own. Every second
it notes the memory of the process and of those it started (proportional set
size: what is shared counts once), and draws a curve. Prints texts a second, and
the memory at a tenth of the time, at the end, and at its highest.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import matplotlib.pyplot as plt
import psutil
from rich.console import Console
from rich.table import Table

COMMAND = "import keras_mirror_cli; keras_mirror_cli.main()"
WAYS = {
    "one .npy file": ["--output", "vectors.npy"],
    "a folder": ["--output", "vectors"],
    "a folder, two Ray workers": [
        *("--output", "vectors", "--engine", "ray", "--workers", "2"),
    ],
}
COLUMNS = ["into", "texts/s", "MB at a tenth", "MB at the end", "MB at most"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2_000_000)
    parser.add_argument("--output", default="memory.svg")
    arguments = parser.parse_args()

    table = Table(*COLUMNS)
    curves = {}
    for way, options in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            make(folder, arguments.texts)
            curves[way] = watch(arguments.texts, options, folder)
        table.add_row(way, *numbers(curves[way], arguments.texts))
        Console(width=100).print(table)
    draw(curves, arguments.output, arguments.texts)


def make(folder, number):
    script = pathlib.Path(__file__).parent / "speed/sides/tiny_model.py"
    subprocess.run(
        [sys.executable, script, folder, "--texts", str(number)], check=True
    )


def watch(number, options, folder):
    """Seconds and megabytes, over the life of the command."""
    curve = []
    start = time.monotonic()
    command = [sys.executable, "-c", COMMAND, "encode", "tiny.keras"]
    command.append(f"{number}.txt")
    process = subprocess.Popen([*command, *options], cwd=folder)
    while process.poll() is None:
        memory = megabytes(psutil.Process(process.pid))
        curve.append((time.monotonic() - start, memory))
        time.sleep(1)
    if process.returncode:
        raise SystemExit(f"{options} failed")
    return curve


def megabytes(process):
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_full_info().pss
        except psutil.Error:  # it has just ended
            continue
    return total / 1e6


def numbers(curve, num_texts):
    seconds, memory = zip(*curve, strict=True)
    tenth = memory[len(memory) // 10]
    values = [num_texts / seconds[-1], tenth, memory[-2], max(memory)]
    return [f"{value:,.0f}" for value in values]


def draw(curves, path, num_texts):
    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    for way, curve in curves.items():
        axes.plot(*zip(*curve, strict=True), label=way)
    axes.set(xlabel="seconds", ylabel="memory, MB", ylim=(0, None))
    axes.set_title(f"Encoding {num_texts:,} texts")
    axes.legend(loc="center", bbox_to_anchor=(0.35, 0.57))
    axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))
    main()
