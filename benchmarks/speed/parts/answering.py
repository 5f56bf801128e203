import json
import statistics

import numpy as np
from processes import run_command
from processes import run_script
from rich.table import Table

from keras_mirror.unit_rows import unit_rows

WORK = ("search", "similarity", "encode")
QUERY = "two dogs run over the grass"
NUM_TEXTS = 20
OTHERS = ("sentence_transformers", "onnxruntime")


def answer(arguments):
    """Seconds from the start of a process to its end, the answer on screen.

    The difference is that of unit vectors, to the first row. Of a folder that
    names no pooling, this package makes other vectors than the others do.
    """
    prepare(arguments)
    sides = {
        side: run_side
        for side, run_side in sides_of(arguments)
        if any(word in side for word in arguments.sides)
    }
    seconds, answers = {side: {work: [] for work in WORK} for side in sides}, {}
    for _ in range(arguments.rounds or 5):
        for side, run_side in sides.items():
            for work in WORK:
                run = run_side(work)
                seconds[side][work].append(run.seconds)
                if work == "search":
                    answers[side] = best_line(run.output)
            vectors = np.load(arguments.folder / "some.npy")
            answers[side] = answers[side], unit_rows(vectors)
    return table_of(seconds, answers)


def prepare(arguments):
    """Writes the texts and pairs, the index, and vectors for the others."""
    folder, weights = arguments.folder, arguments.weights
    texts = arguments.corpus.read_text(encoding="utf-8").splitlines()
    some, others = texts[:NUM_TEXTS], texts[NUM_TEXTS : 2 * NUM_TEXTS]
    pairs = map("\t".join, zip(some, others, strict=True))
    (folder / "some.txt").write_text("\n".join(some), encoding="utf-8")
    (folder / "pairs.tsv").write_text("\n".join(pairs), encoding="utf-8")
    backend = arguments.backends[0]
    for command, output in (("index", "index"), ("encode", "all.npy")):
        options = (arguments.corpus, "--output", folder / output)
        run_command(command, weights, *options, backend=backend)
    script = ("answer_onnxruntime.py", "export", weights)
    run_script(*script, folder, QUERY)


def sides_of(arguments):
    """Names of sides, and functions of the work that run them."""
    folder, weights = arguments.folder, arguments.weights
    options = {
        "search": (folder / "index", QUERY, "--json"),
        "similarity": (weights, folder / "pairs.tsv"),
        "encode": (weights, folder / "some.txt", "--overwrite")
        + ("--output", folder / "some.npy"),
    }

    def ours(*more):
        return lambda work: run_command(work, *options[work], *more)

    def other(script):
        return lambda work: run_script(script, work, weights, folder, QUERY)

    yield from ((side, other(f"answer_{side}.py")) for side in OTHERS)
    yield "keras_mirror, default", ours()
    for backend in arguments.backends:
        yield f"keras_mirror {backend}", ours("--backend", backend)


def best_line(output):
    """The number of the line that a search found first."""
    [answers] = json.loads(output)
    return answers["results"][0]["line"]


def table_of(seconds, answers):
    columns = [f"{work}, s" for work in WORK] + ["search, x first row"]
    table = Table("answer", *columns, "first found", "difference")
    medians = {
        side: [statistics.median(values) for values in works.values()]
        for side, works in seconds.items()
    }
    first = next(iter(answers))
    for side, values in medians.items():
        line, vectors = answers[side]
        table.add_row(
            side,
            *(f"{value:.2f}" for value in values),
            f"{medians[first][0] / values[0]:.2f}",
            f"line {line}",
            f"{np.abs(vectors - answers[first][1]).max():.1e}",
        )
    return table
