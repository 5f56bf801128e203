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
from rich.console import Console
from rich.table import Table
from scores import FOR_CHOOSING
from scores import average
from scores import mean_and_deviation
from scores import read_tasks
from scores import spearman_scores

import keras_mirror

CORPORA = {
    "sentence": "stsbenchmark_train_10k_sents_random_sampled.txt",
    "word": "en_words_top_10k.txt",
}
RECIPES = [prefix + kind for prefix in ("", "paper_") for kind in CORPORA]
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
    tasks = read_tasks(arguments.data, arguments.kind, arguments.only)
    columns = {}
    for mode in () if arguments.only else ("mean", "cls"):
        model = load(arguments, {"pooling_mode": mode})
        columns[f"raw, {mode}"] = [with_average(model, tasks)]
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


def load(arguments, overrides):
    return keras_mirror.MirrorModel.from_preset(
        arguments.preset, arguments.recipe, **overrides
    )


def train_and_score(arguments, overrides, tasks, seed):
    keras.utils.set_random_seed(seed)
    model = load(arguments, overrides)
    papers = arguments.data / "mirror_corpus" / CORPORA[arguments.kind]
    corpus = arguments.corpus or papers
    dataset = keras_mirror.mirror_dataset(corpus, model.preprocessor, seed=seed)
    model.compile()
    model.fit(dataset)
    return with_average(model, tasks)


def with_average(model, tasks):
    scores = spearman_scores(model, tasks)
    if set(scores) - {FOR_CHOOSING}:
        scores["average without dev"] = average(scores)
    return scores


def show(columns):
    table = Table("Spearman x 100", *columns)
    for name in next(iter(columns.values()))[0]:
        cells = [
            mean_and_deviation([run[name] for run in runs])
            for runs in columns.values()
        ]
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
