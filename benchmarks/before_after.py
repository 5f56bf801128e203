"""Similarity scores of a preset before and after mirror fine-tuning.

python benchmarks/before_after.py DATA --preset mirror_mini_en --recipe sentence

Prints Spearman x 100 of the raw vectors (mean of tokens, and [CLS]), and the
mean and the standard deviation over seeds after the recipe. DATA holds the
folders `sts`, `words` and `mirror_corpus`. `--only "STS-B dev"` is for choosing
settings: the other benchmarks are for reporting.
"""

import argparse
import pathlib

import keras
import numpy as np
from similarity_files import read_benchmarks
from similarity_files import read_word_benchmarks
from similarity_files import spearman

import keras_mirror

CORPORA = {
    "sentence": "stsbenchmark_train_10k_sents_random_sampled.txt",
    "word": "en_words_top_10k.txt",
}


def main():
    arguments, overrides = parse_arguments()
    if arguments.recipe == "word":
        benchmarks = read_word_benchmarks(arguments.data)
    else:
        benchmarks = read_benchmarks(arguments.data)
    if arguments.only:
        benchmarks = {arguments.only: benchmarks[arguments.only]}
    print(f"{'':16}" + "".join(f"{name:>16}" for name in benchmarks))
    for pooling_mode in () if arguments.only else ("mean", "cls"):
        model = load(arguments, {"pooling_mode": pooling_mode})
        show(f"raw, {pooling_mode}", [scores(model, benchmarks)])
    rows = []
    for seed in arguments.seeds:
        rows.append(train_and_score(arguments, overrides, benchmarks, seed))
        show(f"seed {seed}", rows[-1:])
    show(f"{len(rows)} seeds", rows)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--preset", default="mirror_mini_en")
    parser.add_argument("--recipe", default="sentence", choices=CORPORA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only")
    for name in ("learning-rate", "temperature", "dropout"):
        parser.add_argument(f"--{name}", type=float)
    parser.add_argument("--pooling-mode")
    arguments = parser.parse_args()
    fields = ("learning_rate", "temperature", "dropout", "pooling_mode")
    given = {name: getattr(arguments, name) for name in fields}
    return arguments, {k: v for k, v in given.items() if v is not None}


def load(arguments, overrides):
    return keras_mirror.MirrorModel.from_preset(
        arguments.preset, arguments.recipe, **overrides
    )


def train_and_score(arguments, overrides, benchmarks, seed):
    keras.utils.set_random_seed(seed)
    model = load(arguments, overrides)
    corpus = arguments.data / "mirror_corpus" / CORPORA[arguments.recipe]
    dataset = keras_mirror.mirror_dataset(corpus, model.preprocessor, seed=seed)
    model.compile()
    model.fit(dataset, verbose=0)
    return scores(model, benchmarks)


def scores(model, benchmarks):
    return [spearman(model, *pairs) for pairs in benchmarks.values()]


def show(name, rows):
    cells = [f"{mean:.2f}" for mean in np.mean(rows, axis=0)]
    if len(rows) > 1:
        spreads = np.std(rows, axis=0, ddof=1)
        cells = [f"{c} ± {s:.2f}" for c, s in zip(cells, spreads, strict=True)]
    print(f"{name:16}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
