"""What the encoding sides share: arguments, timing, and the result's line."""

import argparse
import json
import pathlib
import time

import numpy as np
from corpus_file import read_strings


def parse_arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--output", required=True, help="*.npz")
    parser.add_argument("--graphs", help="folder of exported graphs")
    parser.add_argument("--scored", type=pathlib.Path, help="texts as JSON")
    parser.add_argument("--precision", default="float32")
    arguments = parser.parse_args()
    arguments.texts = read_strings(arguments.corpus)
    return arguments


def run(arguments, encode):
    """Encodes all lines twice, cold and warm, and then what is scored."""
    texts = arguments.texts
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        vectors = np.asarray(encode(texts))
        seconds.append(time.perf_counter() - start)
    scored = json.loads(arguments.scored.read_text())
    others = np.asarray(encode(scored)) if scored else vectors[:0]
    np.savez(arguments.output, corpus=vectors, scored=others)
    cold, warm = (len(texts) / value for value in seconds)
    print(json.dumps({"cold": cold, "texts_per_second": warm}))
