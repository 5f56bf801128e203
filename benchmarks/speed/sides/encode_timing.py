"""What the encoding sides share: arguments, timing, and the result's line."""

import argparse
import json
import time

import numpy as np
from corpus_file import read_strings


def parse_arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--output", required=True, help="*.npy")
    parser.add_argument("--dtype-policy")
    return parser.parse_args()


def run(arguments, encode):
    """Encodes all lines twice: cold, with compilation, and warm."""
    texts = read_strings(arguments.corpus)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        vectors = np.asarray(encode(texts))
        seconds.append(time.perf_counter() - start)
    np.save(arguments.output, vectors)
    cold, warm = (len(texts) / value for value in seconds)
    print(json.dumps({"cold": cold, "texts_per_second": warm}))
