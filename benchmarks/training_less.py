"""What training fewer weights costs and saves: frozen layers, LoRA, a cosine.

python benchmarks/training_less.py DATA all_minilm_l6_v2_en

Every way trains an encoder by `keras-mirror adapt`'s recipe `adapt_together`
on 5,000 texts of each corpus, with the same guide, batches and seed; goes
half of the way, as `adapt` does; and is scored as benchmarks/domains.py
scores. Seconds of a step are the median without the first two, which compile.
Prints a Markdown table.
"""

import argparse
import itertools
import math
import pathlib
import statistics
import time

import keras
from domains import CORPORA
from domains import read
from domains import scored

from keras_mirror.adaptation.start import open_start
from keras_mirror.data import sample_strings
from keras_mirror.data.mirror_dataset import corpus_dataset
from keras_mirror.guide import Guide
from keras_mirror.guide.embed_corpus import embed_corpus
from keras_mirror.merging import copied
from keras_mirror.merging import merge
from keras_mirror.optimizers import AdamW
from keras_mirror.recipes import ADAPT_SAMPLE

RECIPE = "together"
WAYS = ("all", "no embeddings", "upper half", "last two", "LoRA", "cosine")
LORA_RANK = 8
# LoRA's matrices begin near zero, and want larger steps. Not yet chosen by
# measurement: `--lora-rate` tries others.
LORA_LEARNING_RATE = 3e-4


def main():
    arguments = parse_arguments()
    for name in arguments.corpora:
        texts, tasks = read(arguments.data, name)
        start = open_start(arguments.start)
        recipe = start.recipes[RECIPE]
        corpus = sample_strings(texts, arguments.sample, seed=1)
        embeddings = embed_corpus(start.model, corpus)
        guide = Guide(corpus, embeddings, recipe)
        run = scored(start.model, tasks, name)
        show(name, "untrained", "", run["scores"], 0, [0.0] * 3, 0)
        for seed in arguments.seeds:
            for way in arguments.ways:
                keras.utils.set_random_seed(seed)
                model = copied(start.model, recipe)
                dataset = corpus_dataset(
                    corpus, model.preprocessor, seed=seed, guide=guide
                )
                prepare(model, way, len(dataset), arguments)
                times, loss = trained(model, dataset)
                num_trained = sum(
                    math.prod(weight.shape)
                    for weight in model.trainable_variables
                )
                half = half_way(start.model, model, way)
                scores = scored(half, tasks, name)["scores"]
                show(name, way, seed, scores, num_trained, times, loss)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("start")
    parser.add_argument("--corpora", nargs="+", default=list(CORPORA))
    parser.add_argument("--ways", nargs="+", default=WAYS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--sample", type=int, default=ADAPT_SAMPLE)
    parser.add_argument("--lora-rate", type=float, default=LORA_LEARNING_RATE)
    return parser.parse_args()


def prepare(model, way, num_steps, arguments):
    """Freezes what a way freezes, and compiles."""
    backbone = model.encoder.backbone
    rate = model.recipe.learning_rate
    names = [layer.name for layer in backbone.layers]
    layers = [name for name in names if name.startswith("transformer_layer_")]
    num_trained = {
        "no embeddings": len(layers),
        "upper half": len(layers) // 2,
        "last two": 2,
    }.get(way)
    if num_trained is not None:
        for name in {*names} - {*layers[-num_trained:]}:
            backbone.get_layer(name).trainable = False
    elif way == "LoRA":
        backbone.enable_lora(LORA_RANK)
        rate = arguments.lora_rate
    elif way == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, num_steps)
    model.compile(AdamW(rate, model.recipe.weight_decay))


def trained(model, dataset):
    """Seconds of every step, and the last loss."""
    ends, losses = [time.monotonic()], []

    def on_end(batch, logs):
        ends.append(time.monotonic())
        losses.append(logs["loss"])

    told = keras.callbacks.LambdaCallback(on_train_batch_end=on_end)
    model.fit(dataset, verbose=0, callbacks=[told], mini_batch_size="auto")
    return [b - a for a, b in itertools.pairwise(ends)], losses[-1]


def half_way(original, tuned, way):
    if way != "LoRA":
        return merge(original, [tuned])
    for layer in tuned.encoder.backbone._flatten_layers():
        if getattr(layer, "lora_enabled", False):
            layer.lora_alpha /= 2  # all else is as it was
    return tuned


def show(name, way, seed, scores, num_trained, times, loss):
    print(
        f"| {name} | {way} | {seed} | {num_trained / 1e6:.1f} | "
        f"{sum(times):.1f} | {statistics.median(times[2:]):.2f} | "
        f"{loss:.3f} | " + " | ".join(map(str, scores.values())) + " |",
        flush=True,
    )


if __name__ == "__main__":
    main()
