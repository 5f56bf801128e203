"""Speed and memory, side by side with what people would use otherwise.

python benchmarks/speed CORPUS --weights FOLDER --sts FOLDER...

Every side is a process of its own on the same weights and the same strings,
one after the other; ratios compare sides of one run. `--weights` is a Hugging
Face folder. Close other programs first: two busy cores triple the times.
"""

import argparse
import pathlib
import statistics
import tempfile

import keras
from rich.console import Console
from rich.table import Table
from sides import run_command
from sides import run_script

import keras_mirror
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks

BACKENDS = ("tensorflow", "torch", "jax")
PARTS = ("train", "encode", "steps", "memory", "floor", "scaling")


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = pathlib.Path(folder)
        for part in arguments.parts:
            Console().print(globals()[part](arguments))


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


def train(arguments):
    """(a), (b): the whole process, from the text file to the saved model."""
    rates = ("--learning-rate", arguments.learning_rate)
    shared = (arguments.corpus, *rates)
    runs, models = {}, {}

    def record(side, seed, run_side, program, *options, **where):
        output = arguments.folder / f"{side}-{seed}{'.keras' * bool(where)}"
        options += ("--output", output, "--seed", str(seed))
        runs.setdefault(side, []).append(
            run_side(*program, *shared, *options, **where)
        )
        models.setdefault(side, []).append(output)

    for seed in arguments.seeds:
        for side in ("plain_pytorch", "sentence_transformers"):
            program = (f"train_{side}.py",)
            weights = ("--weights", arguments.weights)
            record(side, seed, run_script, program, *weights)
        for backend in arguments.backends:
            side = f"keras_mirror {backend}"
            options = ("--preset", arguments.weights)
            record(
                side, seed, run_command, ("train",), *options, backend=backend
            )
    scores = {side: mean_scores(arguments, models[side]) for side in models}
    names = list(next(iter(scores.values())))
    table = Table("training", "seconds", "x plain", "x s-t", "MB", *names)
    seconds = {
        side: statistics.median(run.seconds for run in runs[side])
        for side in runs
    }
    for side, values in seconds.items():
        table.add_row(
            side,
            f"{values:.1f}",
            f"{seconds['plain_pytorch'] / values:.2f}",
            f"{seconds['sentence_transformers'] / values:.2f}",
            f"{max(run.peak_megabytes for run in runs[side]):.0f}",
            *(scores[side][name] for name in names),
        )
    return table


def mean_scores(arguments, outputs):
    """Spearman x 100 of every benchmark, mean and deviation over seeds."""
    tasks = [task for path in arguments.sts for task in read_benchmarks(path)]
    if not tasks:
        return {}
    values = {}
    for output in outputs:
        for row in evaluate({"": load(output)}, tasks).rows:
            if row.metric == "Spearman" and not row.subset:
                score = 100 * row.scores[0].value
                values.setdefault(row.task, []).append(score)
    return {
        name: f"{statistics.mean(scores):.2f}"
        + (f" ± {statistics.stdev(scores):.2f}" if scores[1:] else "")
        for name, scores in values.items()
    }


def load(path):
    if path.suffix == ".keras":
        return keras.saving.load_model(path)
    # The other sides save Hugging Face folders.
    return keras_mirror.MirrorModel.from_preset(str(path), pooling_mode="mean")


def encode(arguments):
    """(c): texts a second, once everything is compiled."""
    sides = {
        "sentence_transformers": ("encode_sentence_transformers.py", None),
        "keras_hub": ("encode_keras_hub.py", "tensorflow"),
    }
    for backend in arguments.backends:
        name = f"keras_mirror {backend}"
        sides[name] = ("encode_keras_mirror.py", backend)
    options = ("--weights", arguments.weights)
    options += ("--output", arguments.folder / "vectors.npy")
    rounds = {side: [] for side in sides}
    for number in range(3):
        for side, (script, backend) in sides.items():
            if number and side == "keras_hub":
                continue  # minutes a round, and far from the others
            run = run_script(
                script, arguments.corpus, *options, backend=backend
            )
            rounds[side].append(run.printed["texts_per_second"])
    rates = {side: statistics.median(rounds[side]) for side in rounds}
    table = Table("encoding", "texts a second", "x s-t", "x keras_hub")
    for side, rate in rates.items():
        ratios = [rate / rates[other] for other in list(rates)[:2]]
        table.add_row(side, f"{rate:.0f}", *(f"{r:.2f}" for r in ratios))
    return table


def steps(arguments):
    """(d): strings a second after the first step, and the time to that."""
    table = Table("fit", "dtype", "first step, s", "strings a second")
    for backend in arguments.backends:
        for dtype in arguments.dtypes:
            options = ("--weights", arguments.weights, "--dtype-policy", dtype)
            run = run_script(
                "steps.py", arguments.corpus, *options, backend=backend
            ).printed
            first, rate = run["first_step"], run["strings_per_second"]
            table.add_row(backend, dtype, f"{first:.1f}", f"{rate:.0f}")
    return table


def memory(arguments):
    """(e): the peak of a process that takes two steps."""
    table = Table("fit", "batch", "mini-batch", "peak MB", "strings a second")
    for backend in arguments.backends:
        for batch, mini in ((200, None), (2000, None), (2000, 400)):
            options = ["--weights", arguments.weights, "--steps", "2"]
            options += ["--batch-size", str(batch)]
            options += ["--mini-batch-size", str(mini)] if mini else []
            run = run_script(
                "steps.py", arguments.corpus, *options, backend=backend
            )
            rate = run.printed["strings_per_second"]
            cells = [batch, mini or "-", f"{run.peak_megabytes:.0f}"]
            table.add_row(backend, *map(str, cells), f"{rate:.0f}")
    return table


def floor(arguments):
    """(f): what the arithmetic alone would take."""
    options = ("--weights", arguments.weights)
    run = run_script("floor.py", arguments.corpus, *options, backend="torch")
    table = Table(*run.printed)
    table.add_row(*(f"{value:.1f}" for value in run.printed.values()))
    return table


def scaling(arguments):
    """Ten times the texts: ten times the seconds, in the same memory."""
    counts = (10_000, 100_000, 1_000_000)
    folder = arguments.folder
    run_script("tiny_model.py", folder, "--texts", *map(str, counts))
    commands = {
        "train": (
            "--preset",
            folder / "preset",
            "--output",
            folder / "a.keras",
        ),
        "encode": ("--output", folder / "vectors.npy"),
    }
    table = Table("command", "backend", "texts", "seconds", "peak MB")
    for backend in arguments.backends:
        for command, few, many in (
            ("train", *counts[:2]),
            ("encode", *counts[1:]),
        ):
            archive = [folder / "tiny.keras"] * (command == "encode")
            for count in (few, many):
                texts = folder / f"{count}.txt"
                options = [*archive, texts, *commands[command], "--overwrite"]
                run = run_command(command, *options, backend=backend)
                cells = [f"{count:,}", f"{run.seconds:.1f}"]
                cells.append(f"{run.peak_megabytes:.0f}")
                table.add_row(command, backend, *cells)
    return table


if __name__ == "__main__":
    main()
