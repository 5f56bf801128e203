import statistics

import keras
from processes import run_command
from processes import run_script
from rich.table import Table

import keras_mirror
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks


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
