"""What adapting does to an encoder, set by set: plain, guided, and merged.

python benchmarks/domains.py DATA all_minilm_l6_v2_en mirror_mini_lm_en

For every start and corpus: as it was; mirrored plainly on 5,000 of the
corpus's texts, and whitened after that; trained beside the guide, related texts
together and similar ones apart; these, merged half-way; and TF-IDF. A language
model also raw (the mean of the last layer's tokens), and with our pooling and
the tokens of the 5,000 texts counted, untrained; "as it was", where `adapt`
starts, no token is counted yet. Three seeds. A start is whatever `keras-mirror
adapt` takes. DATA holds the folders `domain`, `sts`, `words` and
`mirror_corpus`. Labels and scores are read for scoring only. Prints a Markdown
table of means and standard deviations, and writes every run to a JSON file as
soon as it is done: what is in it is not run again.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import time

import keras

from keras_mirror.adaptation.start import open_start
from keras_mirror.adaptation.training import train_from
from keras_mirror.cli.models import load_model
from keras_mirror.data import read_texts
from keras_mirror.data import sample_strings
from keras_mirror.encoder.counted import counted
from keras_mirror.evaluation import TfidfBaseline
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks
from keras_mirror.merging import merge
from keras_mirror.recipes import ADAPT_SAMPLE
from keras_mirror.recipes import ENCODER_RECIPES
from keras_mirror.recipes import get_recipe

SENTENCES = "mirror_corpus/stsbenchmark_train_10k_sents_random_sampled.txt"
# The task whose texts are the corpus, and what is scored after training.
CORPORA = {
    "banking77": (
        "domain/banking77",
        {"banking77 test": ("1-NN accuracy", "cluster NMI")},
    ),
    "stackoverflow20k": (
        "domain/stackoverflow20k",
        {"StackOverflow": ("1-NN accuracy", "cluster NMI")},
    ),
    "ncbi-disease": (
        "domain/ncbi-disease",
        {"ncbi-disease test": ("accuracy@1", "accuracy@5")},
    ),
    "sentences": (
        "sts words",
        dict.fromkeys(
            ("STS-B dev", "STS-B test", "STS14", "STS16", "SICK trial")
            + ("SimLex-999", "MEN", "RG-65"),
            ("Spearman",),
        ),
    ),
}
UNGUIDED = {"guide_ceiling": None, "guide_share": None, "neighbor_rate": 0.0}
GUIDED = {
    name: {field: getattr(get_recipe(recipe), field) for field in UNGUIDED}
    for name, recipe in ENCODER_RECIPES.items()
}
RAW, AS_IT_WAS, COUNTED = "raw", "as it was", "our pooling, untrained"
WAYS = (
    *(RAW, AS_IT_WAS, COUNTED, "plain", "plain, whitened"),
    *(way for name in GUIDED for way in (name, f"{name}, merged")),
)


def main():
    arguments = parse_arguments()
    runs = []
    if arguments.json.is_file():
        runs = json.loads(arguments.json.read_text("utf-8"))
    for corpus in arguments.corpora:
        texts, tasks = read(arguments.data, corpus)
        if not has(runs, corpus, "TF-IDF", "", 0):
            run = scored(TfidfBaseline(), tasks, corpus)
            keep(runs, arguments, corpus, "TF-IDF", "", 0, run)
        for start in arguments.starts:
            for way, model in untrained(start, texts, arguments).items():
                if not has(runs, corpus, start, way, 0):
                    run = scored(model, tasks, corpus)
                    keep(runs, arguments, corpus, start, way, 0, run)
            for seed in arguments.seeds:
                if not has(runs, corpus, start, WAYS[-1], seed):
                    ways = adapted(start, texts, tasks, corpus, seed, arguments)
                    for way, run in ways:
                        keep(runs, arguments, corpus, start, way, seed, run)
    print(markdown(runs, arguments))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("starts", nargs="+")
    parser.add_argument("--corpora", nargs="+", default=list(CORPORA))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--sample", type=int, default=ADAPT_SAMPLE)
    parser.add_argument(
        "--fields",
        type=json.loads,
        default={},
        help="Other fields of all recipes, as a JSON object.",
    )
    parser.add_argument("--json", type=pathlib.Path, default="domains.json")
    return parser.parse_args()


def read(data, corpus):
    """The texts of a corpus, and the tasks that are scored on it."""
    folders, wanted = CORPORA[corpus]
    tasks = read_benchmarks(*(data / name for name in folders.split()))
    tasks = [task for task in tasks if task.name in wanted]
    if corpus == "sentences":
        return list(read_texts(data / SENTENCES)), tasks
    [task] = tasks
    for name in ("dictionary_names", "training_texts", "labeled_texts"):
        if texts := getattr(task, name, None):
            return texts, tasks


def untrained(start, texts, arguments):
    """An encoder as it was; a language model also raw and as we pool it."""
    begun = open_start(start)
    models = {AS_IT_WAS: begun.model}
    if not begun.is_encoder:
        sample = sample_strings(texts, arguments.sample, 0)
        models[RAW] = load_model(start)
        models[COUNTED] = counted(begun.model, sample.strings)
    return models


def adapted(start, texts, tasks, corpus, seed, arguments):
    """Every way of one seed that trains."""
    begun = open_start(start)
    sample = sample_strings(texts, arguments.sample, seed)
    for name, fields in {"plain": UNGUIDED, **GUIDED}.items():
        model, seconds = timed(
            begun, {**fields, **arguments.fields}, sample, seed
        )
        yield name, scored(model, tasks, corpus, seconds)
        if name == "plain":
            how, other = "whitened", model.whitened(sample.strings)
        else:
            how, other = "merged", merge(begun.model, model)
        yield f"{name}, {how}", scored(other, tasks, corpus, seconds)


def timed(begun, fields, sample, seed):
    """The model that a recipe ends at, before it is merged."""
    recipe = get_recipe(next(iter(begun.recipes.values())), **fields)
    one = dataclasses.replace(begun, recipes={"": recipe})
    start = time.monotonic()
    tuned, _ = train_from(one, sample, 1.0, [seed], None, lambda *_: None)
    return tuned[""], round(time.monotonic() - start, 1)


def scored(model, tasks, corpus, seconds=0):
    wanted = CORPORA[corpus][1]
    scores = {
        f"{row.task}, {row.metric}": round(100 * row.scores[0].value, 2)
        for row in evaluate({"": model}, tasks).rows
        if not row.subset and row.metric in wanted.get(row.task, ())
    }
    return {"scores": scores, "seconds": seconds}


def has(runs, *key):
    names = ("corpus", "start", "way", "seed")
    return any(tuple(run[name] for name in names) == key for run in runs)


def keep(runs, arguments, corpus, start, way, seed, run):
    run = {"corpus": corpus, "start": start, "way": way, "seed": seed, **run}
    runs.append({**run, "backend": keras.backend.backend()})
    lines = ",\n".join(map(json.dumps, runs))
    arguments.json.write_text(f"[\n{lines}\n]\n", "utf-8")
    print(corpus, start, way, seed, run["scores"], flush=True)


def markdown(runs, arguments):
    lines = []
    for start in arguments.starts:
        done = {run["way"] for run in runs if run["start"] == start}
        ways = [way for way in WAYS if way in done]
        lines += ["", f"| {start} | TF-IDF | " + " | ".join(ways) + " |"]
        lines.append("|---|" + "--:|" * (1 + len(ways)))
        for corpus in arguments.corpora:
            for metric in metrics(runs, corpus):
                cells = [cell(runs, corpus, "TF-IDF", "", metric)]
                cells += [cell(runs, corpus, start, w, metric) for w in ways]
                lines.append(f"| {metric} | " + " | ".join(cells) + " |")
            cells = ["", *(seconds(runs, corpus, start, way) for way in ways)]
            lines.append(f"| {corpus}: seconds | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def metrics(runs, corpus):
    return next(run["scores"] for run in runs if run["corpus"] == corpus)


def values(runs, corpus, start, way):
    key = (corpus, start, way)
    names = ("corpus", "start", "way")
    return [r for r in runs if tuple(r[name] for name in names) == key]


def cell(runs, corpus, start, way, metric):
    found = [r["scores"][metric] for r in values(runs, corpus, start, way)]
    if not found:
        return "-"
    text = f"{statistics.mean(found):.2f}"
    return text + (f" ± {statistics.stdev(found):.2f}" if found[1:] else "")


def seconds(runs, corpus, start, way):
    found = [r["seconds"] for r in values(runs, corpus, start, way)]
    return f"{statistics.mean(found):.0f}" if any(found) else "-"


if __name__ == "__main__":
    main()
