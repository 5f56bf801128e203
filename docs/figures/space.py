"""Draws what mirroring does to the space: cosines before and after.

    python docs/figures/space.py $DATA docs/figures/space.svg

DATA is the folder of the benchmarks. The pairs are those of STS-B dev, which no
encoder was trained on; the corpus is the paper's 10,000 sentences.
"""

import pathlib
import sys

import keras
import matplotlib
import matplotlib.pyplot
import numpy as np

import keras_mirror
from keras_mirror.evaluation.readers.read_benchmarks import read_benchmarks

PAPERS = "stsbenchmark_train_10k_sents_random_sampled.txt"
SIMILAR = 4.0  # of 5: "mostly equivalent"


def cosines(model, task):
    """Cosines of similar pairs, and of pairs drawn at random."""
    vectors = [model.encode_text(t) for t in (task.texts_1, task.texts_2)]
    first, second = (v / np.linalg.norm(v, axis=-1)[:, None] for v in vectors)
    similar = np.sum(first * second, axis=-1)[np.array(task.scores) >= SIMILAR]
    shuffled = np.random.default_rng(0).permutation(len(second))
    return similar, np.sum(first * second[shuffled], axis=-1)


def main(data, output):
    data = pathlib.Path(data)
    keras.utils.set_random_seed(0)
    path = data / "sts" / "STSBenchmark" / "sts-dev.csv"
    task = read_benchmarks(path)[0]
    corpus = data / "mirror_corpus" / PAPERS
    model = keras_mirror.MirrorModel.from_preset(
        "mirror_mini_lm_en", recipe="paper_sentence", pooling_mode="mean"
    )
    columns = {"raw": cosines(model, task)}
    model = keras_mirror.MirrorModel.from_preset("mirror_mini_lm_en")
    model.compile()
    model.fit(
        keras_mirror.mirror_dataset(corpus, model.preprocessor, seed=0),
        verbose=2,
    )
    columns["mirrored"] = cosines(model, task)
    draw(columns, output)


def draw(columns, output):
    matplotlib.rcParams["svg.hashsalt"] = "space"
    figure, axes = matplotlib.pyplot.subplots(
        1, 2, figsize=(8.6, 2.8), sharex=True, sharey=True
    )
    bins = np.linspace(0.2, 1, 65)
    for axis, (name, (similar, random)) in zip(
        axes, columns.items(), strict=True
    ):
        axis.hist(random, bins, density=True, color="#c53030", alpha=0.55)
        axis.hist(similar, bins, density=True, color="#2f855a", alpha=0.55)
        axis.set_title(
            f"{name}: medians {np.median(random):.2f}, "
            f"{np.median(similar):.2f}",
            fontsize=11,
        )
        axis.set_xlabel("cosine")
        axis.set_yticks([])
        print(name, *(f"{np.median(each):.3f}" for each in (random, similar)))
    axes[0].legend(["random pairs", "pairs that mean the same"], fontsize=9)
    figure.tight_layout()
    figure.savefig(output, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
