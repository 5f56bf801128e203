"""The word run: vectors of single words, without any context.

python examples/word_encoder.py words.txt bert_base_en_uncased

The corpus is one word a line; the paper took the 10,000 most frequent words
of a language. Prints each query's nearest words of the corpus.
"""

import argparse

import keras

import keras_mirror

# Differs from sentences: no span is masked, so that dropout alone makes the
# views; a warmer temperature; two epochs. "paper_word" is the paper's own.
RECIPE = "word"
QUERIES = ["king", "river", "quickly", "computer"]
NUM_NEIGHBORS = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("preset")
    parser.add_argument("--output", default="word_encoder.keras")
    parser.add_argument("--learning-rate", type=float, default=2e-5)
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="for a short trial")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(arguments.seed)
    model = keras_mirror.MirrorModel.from_preset(
        arguments.preset,
        RECIPE,
        learning_rate=arguments.learning_rate,
        batch_size=arguments.batch_size,
    )
    dataset = keras_mirror.mirror_dataset(
        arguments.corpus, model.preprocessor, seed=arguments.seed
    )
    model.compile()
    model.fit(dataset, steps_per_epoch=arguments.steps)
    model.save(arguments.output)

    with open(arguments.corpus, encoding="utf-8") as file:
        words = sorted({line.strip() for line in file if line.strip()})
    cosines = model.similarity(
        model.encode_text(QUERIES), model.encode_text(words)
    )
    for query, row in zip(QUERIES, cosines, strict=True):
        nearest = [words[i] for i in row.argsort()[::-1] if words[i] != query]
        print(f"{query}: {', '.join(nearest[:NUM_NEIGHBORS])}")


if __name__ == "__main__":
    main()
