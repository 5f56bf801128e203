"""Speed and memory, side by side with what people would use otherwise.

python benchmarks/speed CORPUS --weights FOLDER --sts FOLDER...

Every side is a process of its own on the same weights and the same strings,
one after the other; ratios compare sides of one run. `--weights` is a Hugging
Face folder. Close other programs first: two busy cores triple the times.
"""

import argparse
import pathlib
import tempfile

from parts.answering import answer
from parts.encoding import encode
from parts.encoding import precision
from parts.fitting import memory
from parts.fitting import steps
from parts.floors import floor
from parts.scaling import scaling
from parts.starting import first_loss
from parts.training import train
from rich.console import Console

BACKENDS = ("tensorflow", "torch", "jax")
PARTS = {
    "train": train,
    "answer": answer,
    "encode": encode,
    "precision": precision,
    "steps": steps,
    "first_loss": first_loss,
    "memory": memory,
    "floor": floor,
    "scaling": scaling,
}


def main():
    arguments = parse_arguments()
    console = Console(width=140)  # also in a pipe
    whole = pathlib.Path(arguments.corpus).read_text(encoding="utf-8")
    for number in arguments.strings:
        with tempfile.TemporaryDirectory() as folder:
            arguments.folder = pathlib.Path(folder)
            arguments.corpus = write_first(whole, number, arguments.folder)
            for part in arguments.parts:
                table = PARTS[part](arguments)
                table.title = f"{pathlib.Path(arguments.weights).name}"
                table.title += f", first {number} strings" if number else ""
                console.print(table)


def write_first(whole, number, folder):
    """The path of a file of the first `number` strings."""
    path = folder / "corpus.txt"
    strings = [line for line in whole.split("\n") if line.strip()]
    path.write_text("\n".join(strings[:number]) + "\n", encoding="utf-8")
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("corpus")
    add("--weights", required=True)
    add("--sts", nargs="+", default=[], type=pathlib.Path)
    add("--parts", nargs="+", choices=PARTS, default=PARTS)
    add("--backends", nargs="+", default=BACKENDS)
    add("--dtypes", nargs="+", default=["float32"])
    add("--seeds", nargs="+", type=int, default=[1])
    add("--learning-rate", default="3e-4")
    add(
        "--strings",
        nargs="+",
        type=int,
        default=[None],
        help="run on the first N strings, for each N; default: all",
    )
    add(
        "--sides",
        nargs="+",
        default=[""],
        help="answer, encode, precision: rows whose name contains one of these",
    )
    add("--rounds", type=int, help="default: answer 5, encode 3, precision 3")
    return parser.parse_args()


if __name__ == "__main__":
    main()
