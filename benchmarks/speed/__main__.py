"""Speed and memory, side by side with what people would use otherwise.

python benchmarks/speed CORPUS --weights FOLDER --sts FOLDER...

Every side is a process of its own on the same weights and the same strings,
one after the other; ratios compare sides of one run. `--weights` is a Hugging
Face folder. Close other programs first: two busy cores triple the times.
"""

import argparse
import pathlib
import tempfile

from parts.encoding import encode
from parts.fitting import floor
from parts.fitting import memory
from parts.fitting import steps
from parts.scaling import scaling
from parts.starting import first_loss
from parts.training import train
from rich.console import Console

BACKENDS = ("tensorflow", "torch", "jax")
PARTS = {
    "train": train,
    "encode": encode,
    "steps": steps,
    "first_loss": first_loss,
    "memory": memory,
    "floor": floor,
    "scaling": scaling,
}


def main():
    arguments = parse_arguments()
    console = Console(width=140)  # also in a pipe
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = pathlib.Path(folder)
        for part in arguments.parts:
            console.print(PARTS[part](arguments))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--sts", nargs="+", default=[], type=pathlib.Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--backends", nargs="+", default=BACKENDS)
    parser.add_argument("--dtypes", nargs="+", default=["float32"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--learning-rate", default="3e-4")
    return parser.parse_args()


if __name__ == "__main__":
    main()
