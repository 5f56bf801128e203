"""Cosine-Spearman x 100 of archives and presets on STS Benchmark files.

python benchmarks/stsb.py sts-dev.csv bert-mini-en encoder.keras

A preset is scored as it is before mirror fine-tuning, with the pooling of the
`sentence` recipe. STS-B dev is for choosing settings, test for reporting.
"""

import argparse
import csv

import keras
import scipy.stats

import keras_mirror
from keras_mirror.encoding import unit_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", help="sts-dev.csv, sts-test.csv")
    parser.add_argument("models", nargs="+", help="*.keras or a preset")
    parser.add_argument("--pooling-mode", help="for presets")
    arguments = parser.parse_args()
    texts_1, texts_2, scores = read_pairs(arguments.pairs)
    for name in arguments.models:
        model = load(name, arguments.pooling_mode)
        cosines = score(model, texts_1, texts_2)
        spearman = scipy.stats.spearmanr(cosines, scores).statistic
        print(f"{100 * spearman:6.2f}  {name}")


def read_pairs(path):
    """Columns 4, 5 and 6 are the score and the texts; there is no quoting."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        columns = [(row[5], row[6], float(row[4])) for row in rows]
    return tuple(zip(*columns, strict=True))


def load(name, pooling_mode):
    if name.endswith(".keras"):
        return keras.saving.load_model(name)
    return keras_mirror.MirrorModel.from_preset(name, pooling_mode=pooling_mode)


def score(model, texts_1, texts_2):
    vectors = [
        unit_rows(model.encode_text(list(texts)))
        for texts in (texts_1, texts_2)
    ]
    return (vectors[0] * vectors[1]).sum(axis=1)


if __name__ == "__main__":
    main()
