"""How far the words alone get: a random vector for every word, added up.

python benchmarks/bag_of_words.py DATA/sts

Knows nothing of any language; prints Spearman x 100. An encoder that is not
better tells no more than which words a text has.
"""

import functools
import re
import sys
import zlib

import numpy as np

from keras_mirror.evaluation.readers import read_benchmarks

EMBEDDING_DIM = 256  # as `mirror_mini_lm_en`


def main():
    for task in read_benchmarks(*sys.argv[1:]):
        result = task.score(embed)[0]
        print(f"{100 * result.score.value:6.2f}  {task.name}")


def embed(texts):
    return np.stack([vector(text) for text in texts])


def vector(text):
    words = re.findall(r"\w+", text.lower())
    start = np.full(EMBEDDING_DIM, 1e-3)  # a text without words has a cosine
    return sum(map(word_vector, words), start)


@functools.cache
def word_vector(word):
    generator = np.random.default_rng(zlib.crc32(word.encode()))
    return generator.normal(size=EMBEDDING_DIM)


if __name__ == "__main__":
    main()
