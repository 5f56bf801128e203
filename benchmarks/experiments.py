"""Tries recipes: every combination of fields, three seeds each, one table.

python benchmarks/experiments.py DATA --log LOG.jsonl \\
    --recipe paper_sentence --set learning_rate=1e-4,3e-4 --only "STS-B dev"

Every run is a line of LOG: the recipe, its changed fields, the seed, seconds
of training, and Spearman x 100 of every benchmark. Runs that are in LOG are not
repeated, and the table is of all of LOG. STS-B dev is for choosing, the other
benchmarks are for reporting: `--only` keeps them out of sight until a choice is
made. DATA holds the folders `sts`, `words` and `mirror_corpus`.

`--untrained` scores a recipe's pooling, with the corpus's tokens counted where
it weighs them, and trains nothing. "Raw" is that of a recipe of the paper with
`--set pooling_mode=mean`.
"""

import argparse
import ast
import itertools
import json
import pathlib
import statistics
import time
from math import nan

import keras
from rich.console import Console
from rich.table import Table
from scores import FOR_CHOOSING
from scores import average
from scores import mean_and_deviation
from scores import read_tasks
from scores import spearman_scores

import keras_mirror
from keras_mirror.encoder.counted import counted
from keras_mirror.recipes import RECIPES

CORPORA = {
    "sentence": "stsbenchmark_train_10k_sents_random_sampled.txt",
    "word": "en_words_top_10k.txt",
}


def main():
    arguments = parse_arguments()
    log = pathlib.Path(arguments.log)
    runs = read_log(log)
    tasks = read_tasks(arguments.data, arguments.kind, arguments.only)
    for recipe, fields, seed in planned_runs(arguments):
        run = {
            "preset": pathlib.Path(arguments.preset).name,
            "corpus": pathlib.Path(arguments.corpus).name,
            "recipe": recipe,
            "fields": fields,
            "seed": seed,
            "whitened": arguments.whiten,
            "trained": not arguments.untrained,
        }
        if any(is_done(run, tasks, old) for old in runs):
            continue
        run.update(make_and_score(arguments, recipe, fields, seed, tasks))
        runs.append(run)
        with log.open("a") as file:
            file.write(json.dumps(run) + "\n")
        print(json.dumps(run), flush=True)
    Console(width=160).print(table_of(runs))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--log", required=True)
    parser.add_argument("--preset", default="mirror_mini_lm_en")
    parser.add_argument(
        "--recipe", nargs="+", default=["sentence"], choices=RECIPES
    )
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        type=parse_field,
        metavar="FIELD=VALUE,...",
    )
    parser.add_argument("--corpus", help="instead of the paper's in DATA")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--whiten", action="store_true")
    parser.add_argument("--untrained", action="store_true")
    parser.add_argument("--only", nargs="+", help="names of benchmarks")
    arguments = parser.parse_args()
    is_word = "word" in arguments.recipe[0]
    arguments.kind = "word" if is_word else "sentence"
    papers = arguments.data / "mirror_corpus" / CORPORA[arguments.kind]
    arguments.corpus = arguments.corpus or papers
    return arguments


def parse_field(text):
    name, _, values = text.partition("=")
    return name, [parse_value(value) for value in values.split(",")]


def parse_value(text):
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text  # a string, such as "cls"


def planned_runs(arguments):
    names = [name for name, _ in arguments.set]
    grid = itertools.product(*(values for _, values in arguments.set))
    fields = [dict(zip(names, values, strict=True)) for values in grid]
    # Without training there is nothing to draw.
    seeds = [0] if arguments.untrained else arguments.seeds
    return itertools.product(arguments.recipe, fields, seeds)


def read_log(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def is_done(run, tasks, old):
    has_scores = {task.name for task in tasks} <= set(old["scores"])
    # Older logs do not tell: nothing was whitened, all were trained.
    old = {"whitened": False, "trained": True, **old}
    return has_scores and run == {name: old[name] for name in run}


def make_and_score(arguments, recipe, fields, seed, tasks):
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = keras_mirror.MirrorModel.from_preset(
        arguments.preset, recipe, **fields
    )
    start = time.perf_counter()
    texts = list(keras_mirror.data.read_texts(arguments.corpus))
    if arguments.untrained:
        model = counted(model, texts)
    else:
        train(model, arguments, seed)
    if arguments.whiten:
        model = model.whitened(texts)
    seconds = round(time.perf_counter() - start, 1)
    scores = spearman_scores(model, tasks)
    return {
        "backend": keras.backend.backend(),
        "seconds": seconds,
        "scores": {name: round(score, 3) for name, score in scores.items()},
    }


def train(model, arguments, seed):
    dataset = keras_mirror.mirror_dataset(
        arguments.corpus, model.preprocessor, seed=seed
    )
    model.compile()
    model.fit(dataset, verbose=0)


def table_of(runs):
    """A row a recipe: mean and standard deviation over its seeds."""
    rows = {}
    for run in runs:
        fields = ", ".join(f"{k}={v}" for k, v in run["fields"].items())
        fields += ", whitened" if run.get("whitened") else ""
        fields += "" if run.get("trained", True) else ", untrained"
        key = (run["preset"], run["corpus"], run["recipe"], fields)
        rows.setdefault(key, {})[run["seed"]] = run
    names = list(dict.fromkeys(name for run in runs for name in run["scores"]))
    table = Table("preset, corpus, recipe, fields", "seeds", "s", *names, "avg")
    for key, seeds in rows.items():
        same = seeds.values()
        scores = [{**run["scores"]} for run in same]
        cells = [
            mean_and_deviation([s[name] for s in scores if name in s] or [nan])
            for name in names
        ]
        averages = [average(s) for s in scores if set(s) - {FOR_CHOOSING}]
        seconds = statistics.median(run["seconds"] for run in same)
        table.add_row(
            " ".join(key),
            str(len(same)),
            f"{seconds:.0f}",
            *cells,
            mean_and_deviation(averages or [nan]),
        )
    return table


if __name__ == "__main__":
    main()
