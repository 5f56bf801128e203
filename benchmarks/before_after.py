"""Similarity scores of a preset before and after mirror fine-tuning.

python benchmarks/before_after.py DATA --recipe sentence

Prints Spearman x 100 of the raw vectors (mean of tokens, and [CLS]), and the
mean and the standard deviation over seeds after the recipe. DATA holds the
folders `sts`, `words` and `mirror_corpus`. `--only "STS-B dev"` is for choosing
settings: the other benchmarks are for reporting.
"""

import argparse
import pathlib

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import keras_mirror
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks

CORPORA = {
    "sentence": "stsbenchmark_train_10k_sents_random_sampled.txt",
    "word": "en_words_top_10k.txt",
}
RECIPES = [prefix + kind for prefix in ("", "paper_") for kind in CORPORA]
BENCHMARKS = {"sentence": "sts", "word": "words"}
# Not English, or the very strings that the sentence recipe trains on.
LEFT_OUT = ("STS-B train", "STS17 es-es", "Multi-SimLex french")
OVERRIDES = {
    "learning_rate": float,
    "temperature": float,
    "dropout": float,
    "span_length": int,
    "sequence_length": int,
    "epochs": int,
    "batch_size": int,
    "pooling_mode": str,
}


def main():
    arguments, overrides = parse_arguments()
    tasks = read_tasks(arguments)
    columns = {}
    for mode in () if arguments.only else ("mean", "cls"):
        model = load(arguments, {"pooling_mode": mode})
        columns[f"raw, {mode}"] = [scores(model, tasks)]
    after = [
        train_and_score(arguments, overrides, tasks, seed)
        for seed in arguments.seeds
    ]
    columns[f"after, {len(after)} seeds"] = after
    show(columns)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--preset", default="mirror_mini_en")
    parser.add_argument("--recipe", default="sentence", choices=RECIPES)
    parser.add_argument("--corpus", help="instead of the paper's in DATA")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", help="names of benchmarks")
    for name, kind in OVERRIDES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind)
    arguments = parser.parse_args()
    arguments.kind = arguments.recipe.removeprefix("paper_")
    given = {name: getattr(arguments, name) for name in OVERRIDES}
    return arguments, {k: v for k, v in given.items() if v is not None}


def read_tasks(arguments):
    folder = arguments.data / BENCHMARKS[arguments.kind]
    tasks = read_benchmarks(folder)
    wanted = arguments.only or {task.name for task in tasks} - set(LEFT_OUT)
    return [task for task in tasks if task.name in wanted]


def load(arguments, overrides):
    return keras_mirror.MirrorModel.from_preset(
        arguments.preset, arguments.recipe, **overrides
    )


def train_and_score(arguments, overrides, tasks, seed):
    keras.utils.set_random_seed(seed)
    model = load(arguments, overrides)
    papers = arguments.data / "mirror_corpus" / CORPORA[arguments.kind]
    corpus = arguments.corpus or papers
    dataset = keras_mirror.mirror_dataset(
        corpus,
        model.preprocessor,
        model.recipe.batch_size,
        seed=seed,
        group_by_length=model.recipe.group_by_length,
    )
    model.compile()
    model.fit(dataset)
    return scores(model, tasks)


def scores(model, tasks):
    """The headline value of every task, and of their average."""
    rows = evaluate({"": model}, tasks).rows
    return {
        row.task: 100 * row.scores[0].value
        for row in rows
        if row.metric == "Spearman" and not row.subset
    }


def show(columns):
    table = Table("Spearman x 100", *columns)
    for name in next(iter(columns.values()))[0]:
        cells = []
        for runs in columns.values():
            values = [run[name] for run in runs]
            cell = f"{np.mean(values):.2f}"
            if len(values) > 1:
                cell += f" ± {np.std(values, ddof=1):.2f}"
            cells.append(cell)
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
