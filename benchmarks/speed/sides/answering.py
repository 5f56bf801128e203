"""What a short script does with an encoder: the work of our commands.

python answer_SIDE.py WORK WEIGHTS FOLDER QUERY
"""

import json
import sys

import numpy as np


def main(encode):
    """Does the work with a function from texts to unit vectors."""
    work, _, folder, query = sys.argv[1:]
    if work == "search":
        search(encode, folder, query)
    elif work == "similarity":
        similarity(encode, folder)
    else:
        np.save(f"{folder}/some.npy", encode(read(f"{folder}/some.txt")))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def search(encode, folder, query):
    texts, vectors = read(f"{folder}/corpus.txt"), np.load(f"{folder}/all.npy")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ encode([query])[0]
    found = [
        {"line": int(row) + 1, "text": texts[row]}
        | {"similarity": float(cosines[row])}
        for row in np.argsort(-cosines, kind="stable")[:5]
    ]
    print(json.dumps([{"query": query, "results": found}]))


def similarity(encode, folder):
    pairs = [line.split("\t") for line in read(f"{folder}/pairs.tsv")]
    left, right = map(encode, zip(*pairs, strict=True))
    for cosine, pair in zip((left * right).sum(1), pairs, strict=True):
        print(f"{cosine:.4f}", *pair, sep="\t")
