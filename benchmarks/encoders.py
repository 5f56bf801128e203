"""One table of encoders: untrained, mirrored, and TF-IDF beside them.

python benchmarks/encoders.py DATA mirror_mini_lm_en all_minilm_l6_v2_en

A language model has three columns: raw (the mean of the last layer's tokens);
our pooling, with the tokens of the paper's sentences counted and nothing
trained; and after `keras-mirror train` with default settings on these
sentences. An encoder keeps its own pooling: it has a column as it was and the
last one. The trained archive is kept in --archives and is not trained again.
An archive is a column as it is.
One encoder per column: the word sets are scored with it too. DATA holds the
folders `sts`, `words`, `domain` and `mirror_corpus`. Prints a Markdown table
and writes a JSON file with the intervals, the seconds, and what was run.
"""

import argparse
import functools
import json
import pathlib
import platform
import statistics
import subprocess
import time

import keras
from speed.processes import command_line

import keras_mirror
from keras_mirror.cli.models import is_language_model
from keras_mirror.cli.models import load_model
from keras_mirror.encoder.counted import counted
from keras_mirror.evaluation import TfidfBaseline
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks

CORPUS = "mirror_corpus/stsbenchmark_train_10k_sents_random_sampled.txt"
# Row of the table: the task and its metric.
ROWS = {
    "STS-B dev": ("STS-B dev", "Spearman"),
    "STS-B test": ("STS-B test", "Spearman"),
    "STS14": ("STS14", "Spearman"),
    "STS16": ("STS16", "Spearman"),
    "SICK trial": ("SICK trial", "Spearman"),
    "banking77, 1-NN": ("banking77 test", "1-NN accuracy"),
    "banking77, NMI": ("banking77 test", "cluster NMI"),
    "stackoverflow20k, NMI": ("StackOverflow", "cluster NMI"),
    "ncbi-disease, accuracy@1": ("ncbi-disease test", "accuracy@1"),
    "SimLex-999": ("SimLex-999", "Spearman"),
    "MEN": ("MEN", "Spearman"),
    "RG-65": ("RG-65", "Spearman"),
}
WORDS = ("SimLex-999", "MEN", "RG-65")
MEAN = "mean of the words"


def main():
    arguments = parse_arguments()
    folders = [arguments.data / name for name in ("sts", "domain", "words")]
    wanted = {task for task, _ in ROWS.values()}
    tasks = [t for t in read_benchmarks(*folders) if t.name in wanted]
    columns, runs = {}, []
    for name in arguments.encoders:
        for column, load in columns_of(name, arguments, runs).items():
            columns[column] = score(column, load(), tasks)
    columns["TF-IDF"] = score("TF-IDF", TfidfBaseline(), tasks)
    print(markdown(columns))
    write(columns, runs, arguments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("encoders", nargs="+")
    parser.add_argument("--archives", type=pathlib.Path, default="archives")
    parser.add_argument("--json", type=pathlib.Path, default="encoders.json")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def columns_of(name, arguments, runs):
    """The headings of an encoder's columns, and what loads each model."""
    heading = pathlib.Path(name).stem
    as_it_is = functools.partial(load_model, name)
    if name.endswith(".keras"):
        return {heading: as_it_is}
    untrained = {f"{heading}, as it was": as_it_is}
    if is_language_model(name):
        untrained = {
            f"{heading}, raw": as_it_is,
            f"{heading}, our pooling, untrained": functools.partial(
                our_pooling, name, arguments
            ),
        }
    arguments.archives.mkdir(parents=True, exist_ok=True)
    archive = arguments.archives / f"{heading}_seed_{arguments.seed}.keras"
    if not archive.is_file():
        train(name, archive, arguments, runs)
    mirrored = functools.partial(load_model, str(archive))
    return {**untrained, f"{heading}, mirrored": mirrored}


def our_pooling(name, arguments):
    texts = list(keras_mirror.data.read_texts(arguments.data / CORPUS))
    return counted(keras_mirror.MirrorModel.from_preset(name), texts)


def train(name, archive, arguments, runs):
    command = command_line(
        *("train", arguments.data / CORPUS, "--preset", name),
        *("--output", archive, "--seed", arguments.seed),
        *("--backend", keras.backend.backend()),
    )
    start = time.monotonic()
    subprocess.run(command, check=True)
    seconds = round(time.monotonic() - start)
    runs.append({"command": command[1:], "seconds": seconds})
    print(f"{name}: trained in {seconds} seconds", flush=True)


def score(heading, model, tasks):
    """The cells of a column: dicts of value, low and high, times 100."""
    start = time.monotonic()
    rows = evaluate({heading: model}, tasks).rows
    found = {(r.task, r.metric): r.scores[0] for r in rows if not r.subset}
    cells = {row: in_percent(found[key]) for row, key in ROWS.items()}
    values = [cells[row]["value"] for row in WORDS]
    cells[MEAN] = {"value": statistics.mean(values)}
    seconds = round(time.monotonic() - start)
    print(f"{heading}: scored in {seconds} seconds", flush=True)
    return {"seconds": seconds, "cells": cells}


def in_percent(score):
    low, high = score.interval
    return {"value": 100 * score.value, "low": 100 * low, "high": 100 * high}


def markdown(columns):
    lines = ["| | " + " | ".join(columns) + " |"]
    lines.append("|---|" + "--:|" * len(columns))
    for row in (*ROWS, MEAN):
        values = [of["cells"][row]["value"] for of in columns.values()]
        lines.append(f"| {row} | " + " | ".join(f"{v:.2f}" for v in values))
        lines[-1] += " |"
    return "\n".join(lines)


def write(columns, runs, arguments):
    content = {
        "keras_mirror": keras_mirror.__version__,
        "backend": keras.backend.backend(),
        "processor": platform.processor() or platform.machine(),
        "seed": arguments.seed,
        "trained": runs,
        "columns": columns,
    }
    arguments.json.write_text(json.dumps(content, indent=1), "utf-8")


if __name__ == "__main__":
    main()
