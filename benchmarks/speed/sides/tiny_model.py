"""Writes a tiny model and made-up texts: what is timed is the pipeline."""

import argparse
import json
import pathlib

import keras_hub
import numpy as np

import keras_mirror


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--texts", type=int, nargs="+", required=True)
    arguments = parser.parse_args()

    tokenizer = keras_mirror.MirrorModel.from_preset().preprocessor.tokenizer
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=1,
        num_heads=2,
        hidden_dim=32,
        intermediate_dim=64,
        max_sequence_length=64,
    )
    preset = arguments.folder / "preset"
    backbone.save_to_preset(str(preset))
    tokenizer.save_to_preset(str(preset))
    model = keras_mirror.MirrorModel.from_preset(str(preset))
    model.save(arguments.folder / "tiny.keras")

    words = [word for word in tokenizer.get_vocabulary() if word.isalpha()]
    for number in arguments.texts:
        with open(arguments.folder / f"{number}.txt", "w") as file:
            write_texts(file, words, number)
    print(json.dumps({"words": len(words)}))


def write_texts(file, words, number):
    """Texts of 4 to 16 words, all different with near certainty."""
    generator = np.random.default_rng(number)
    for _ in range(number):
        length = generator.integers(4, 17)
        chosen = generator.integers(len(words), size=length)
        file.write(" ".join(words[index] for index in chosen) + "\n")


if __name__ == "__main__":
    main()
