import statistics

from parts.floors import measured_floor
from parts.floors import share
from parts.scores import mean_scores
from processes import run_command
from processes import run_script
from rich.table import Table

OTHERS = ("plain_pytorch", "sentence_transformers")


def train(arguments):
    """(a), (b): the whole process, from the text file to the saved model."""
    runs, models = {}, {}
    for seed in arguments.seeds:
        for side, run_side in sides(arguments, seed):
            suffix = "" if side in OTHERS else ".keras"
            output = arguments.folder / f"{side}-{seed}{suffix}"
            options = ("--output", output, "--seed", str(seed))
            options += ("--learning-rate", arguments.learning_rate)
            runs.setdefault(side, []).append(run_side(*options))
            models.setdefault(side, []).append(output)
    scores = {side: mean_scores(arguments.sts, models[side]) for side in runs}
    return table_of(runs, scores, measured_floor(arguments))


def sides(arguments, seed):
    """Names, and functions of more arguments that run the side."""

    def other(side):
        weights = ("--weights", arguments.weights)
        script = (f"train_{side}.py", arguments.corpus, *weights)
        return lambda *more: run_script(*script, *more)

    def ours(backend, cache=None):
        command = ("train", arguments.corpus, "--preset", arguments.weights)
        return lambda *more: run_command(
            *command, *more, backend=backend, cache=cache
        )

    yield from ((side, other(side)) for side in OTHERS)
    for backend in arguments.backends:
        if backend == "jax":
            # Nothing is compiled yet, then it finds what it compiled.
            cache = arguments.folder / f"cache-{seed}"
            yield "keras_mirror jax, cold", ours(backend, cache)
            yield "keras_mirror jax, again", ours(backend, cache)
        else:
            yield f"keras_mirror {backend}", ours(backend)


def table_of(runs, scores, floor):
    names = list(next(iter(scores.values())))
    columns = ("seconds", "x plain", "x s-t", "of the floor", "MB")
    table = Table("training", *columns, *names)
    seconds = {
        side: statistics.median(run.seconds for run in runs[side])
        for side in runs
    }
    for side, value in seconds.items():
        table.add_row(
            side,
            f"{value:.1f}",
            *(f"{seconds[other] / value:.2f}" for other in OTHERS),
            share(floor["train_gflops"] / value, floor["float32"]),
            f"{max(run.peak_megabytes for run in runs[side]):.0f}",
            *(scores[side][name] for name in names),
        )
    return table
