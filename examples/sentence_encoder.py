"""A masked language model learns sentence vectors from raw sentences.

python examples/sentence_encoder.py sentences.txt bert_base_en_uncased

The corpus is one sentence a line; the paper took 10,000 of STS-B's training
set. `RECIPE = "paper_sentence"` is the paper's own run. On any backend:
KERAS_BACKEND=jax python examples/sentence_encoder.py ...
"""

import argparse

import keras

import keras_mirror

RECIPE = "sentence"
# Settings of the recipe that one may want to change; these are the paper's.
TEMPERATURE = 0.04  # sharper than for words: sentences are easier to tell apart
SPAN_LENGTH = 5  # characters masked in one view; 10 did better for RoBERTa
LEARNING_RATE = 2e-5  # for 110M parameters; small models want 1e-4 to 3e-4
BATCH_SIZE = 200  # every string has 398 negatives


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("preset")
    parser.add_argument("--output", default="sentence_encoder.keras")
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="for a short trial")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(arguments.seed)
    model = keras_mirror.MirrorModel.from_preset(
        arguments.preset,
        RECIPE,
        temperature=TEMPERATURE,
        span_length=SPAN_LENGTH,
        learning_rate=arguments.learning_rate,
        batch_size=arguments.batch_size,
    )
    dataset = keras_mirror.mirror_dataset(
        arguments.corpus, model.preprocessor, seed=arguments.seed
    )
    model.compile()
    model.fit(dataset, steps_per_epoch=arguments.steps)
    model.save(arguments.output)

    texts = [
        "A man is playing a guitar.",
        "Someone makes music.",
        "The stock market fell on Friday.",
    ]
    vectors = model.encode_text(texts)
    print(model.similarity(vectors, vectors).round(2))


if __name__ == "__main__":
    main()
