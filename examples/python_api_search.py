"""A search engine for Python functions, from nothing but their docstrings.

python examples/python_api_search.py "reverse the order of elements"

The corpus is installed anyway, the encoder is fetched once (92 MB; without a
network take --preset mirror_mini_lm_en), and no label is used: `numpy.clip`
and `keras.ops.clip` say the same in different words, so that a good encoder
finds one by the other.
"""

import argparse

import keras

import keras_mirror
from keras_mirror.evaluation import python_api

SEQUENCE_LENGTH = 32  # a summary is one short sentence
NUM_ANSWERS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", nargs="+")
    parser.add_argument("--preset", default="all_minilm_l6_v2_en")
    parser.add_argument("--output", default="python_api_encoder.keras")
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="for a short trial")
    arguments = parser.parse_args()

    api = python_api.load_data()
    texts = {text: name for name, text in reversed(api.items())}
    tasks = python_api.namesakes(api)
    print(f"{len(texts)} texts, for example: {next(iter(texts))}")

    keras.utils.set_random_seed(arguments.seed)
    model = keras_mirror.MirrorModel.from_preset(
        arguments.preset, sequence_length=SEQUENCE_LENGTH
    )
    model.compile()
    print("before", keras_mirror.evaluation.score_retrieval(model, tasks))
    model.fit(
        list(texts),
        batch_size=arguments.batch_size,
        steps_per_epoch=arguments.steps,
    )
    print("after ", keras_mirror.evaluation.score_retrieval(model, tasks))
    model.save(arguments.output)

    cosines = model.similarity(
        model.encode_text(arguments.queries), model.encode_text(list(texts))
    )
    for query, row in zip(arguments.queries, cosines, strict=True):
        print(f"\n{query}")
        for index in row.argsort()[::-1][:NUM_ANSWERS]:
            text = list(texts)[index]
            print(f"  {row[index]:.2f}  {texts[text]}: {text}")


if __name__ == "__main__":
    main()
