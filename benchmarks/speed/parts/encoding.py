import json
import statistics

import numpy as np
from parts.encoders import BASELINE
from parts.encoders import KERAS_HUB
from parts.encoders import LESS_PRECISE
from parts.encoders import RUNTIMES
from parts.encoders import ours
from parts.floors import measured_floor
from parts.floors import share
from parts.scores import scores_of_vectors
from parts.scores import texts_of_tasks
from processes import run_script
from rich.table import Table

from keras_mirror.unit_rows import unit_rows


def encode(arguments):
    """(c): texts a second in float32, once everything is compiled."""
    sides = [BASELINE, KERAS_HUB, *RUNTIMES, *ours(arguments.backends)]
    return compare("encoding", sides, arguments)


def precision(arguments):
    """The same with less precise products, and what they cost."""
    kinds = ("float32", "bfloat16")
    sides = [BASELINE, *RUNTIMES, *LESS_PRECISE]
    sides += ours(arguments.backends, kinds)
    return compare("encoding", sides, arguments)


def compare(title, sides, arguments):
    """A table of sides, which run in turn."""
    sides = [
        side
        for side in sides
        if any(word in side.name for word in arguments.sides)
    ]
    scored = arguments.folder / "scored.json"
    scored.write_text(json.dumps(texts_of_tasks(arguments.sts)))
    rates, vectors = {side: [] for side in sides}, {}
    for number in range(arguments.rounds or 3):
        for side in sides:
            if number < side.rounds:
                rate, vectors[side] = encoded(side, scored, arguments)
                rates[side].append(rate)
    medians = {side: statistics.median(rates[side]) for side in sides}
    return table_of(title, medians, vectors, arguments)


def encoded(side, scored, arguments):
    """Texts a second, and the vectors of the corpus and of the tasks."""
    output = arguments.folder / "vectors.npz"
    run = run_script(
        *(side.script, arguments.corpus, "--weights", arguments.weights),
        *("--output", output, "--graphs", arguments.folder),
        *("--scored", scored, "--precision", side.precision, *side.options),
        backend=side.backend,
    )
    with np.load(output) as file:
        return run.printed["texts_per_second"], dict(file)


def table_of(title, rates, vectors, arguments):
    floor = measured_floor(arguments)
    gflops_per_text = floor["encode_gflops"] / floor["texts"]
    first = next(iter(rates))
    best = max((rates[side] for side in RUNTIMES if side in rates), default=0)
    columns = ("texts/s", "x s-t", "x best runtime", "of the floor")
    names = list(scores_of_vectors(arguments.sts, vectors[first]["scored"]))
    table = Table(title, "precision", *columns, "difference", *names)
    for side, rate in rates.items():
        others, mine = (unit_rows(vectors[s]["corpus"]) for s in (first, side))
        scores = scores_of_vectors(arguments.sts, vectors[side]["scored"])
        table.add_row(
            side.name,
            side.precision,
            f"{rate:.0f}",
            ratio(rate, rates.get(BASELINE)),
            ratio(rate, best),
            share(rate * gflops_per_text, floor.get(side.precision)),
            f"{np.abs(mine - others).max():.1e}",
            *(f"{score:.2f}" for score in scores.values()),
        )
    return table


def ratio(value, other):
    return f"{value / other:.2f}" if other else "-"
