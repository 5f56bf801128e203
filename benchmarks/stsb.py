"""Cosine-Spearman x 100 of archives and presets on STS Benchmark files.

python benchmarks/stsb.py sts-dev.csv bert-mini-en encoder.keras

A preset is scored as it is before mirror fine-tuning, with the pooling of the
`sentence` recipe. STS-B dev is for choosing settings, test for reporting.
"""

import argparse

import keras
from similarity_files import read_stsb
from similarity_files import spearman

import keras_mirror


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", help="sts-dev.csv, sts-test.csv")
    parser.add_argument("models", nargs="+", help="*.keras or a preset")
    parser.add_argument("--pooling-mode", help="for presets")
    arguments = parser.parse_args()
    pairs = read_stsb(arguments.pairs)
    for name in arguments.models:
        model = load(name, arguments.pooling_mode)
        print(f"{spearman(model, *pairs):6.2f}  {name}")


def load(name, pooling_mode):
    if name.endswith(".keras"):
        return keras.saving.load_model(name)
    return keras_mirror.MirrorModel.from_preset(name, pooling_mode=pooling_mode)


if __name__ == "__main__":
    main()
