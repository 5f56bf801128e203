"""Encodes with a runtime as fast as its user can, as fastembed does.

`tokenizers` splits all texts in its own threads; batches are of similar length,
the longest first, and padded to their longest text. Sizes of a batch and
numbers of streams are tried on some texts, and the best is kept.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import time

import numpy as np
import tokenizers
from exported_graph import sequence_length

BATCH_SIZES = (8, 16, 32, 64, 128)
NUM_TRIED = 320


def fastest(name, arguments, make_compute, can_stream=True):
    """A function of texts, with the settings that win on some of them.

    Args:
        name: String, under which the winner is kept in `--graphs`.
        make_compute: Function of a number of streams, which together use all
            threads, that returns a function of batches. This one yields row
            numbers and vectors in any order.
        can_stream: Boolean, whether more than one stream is tried.
    """
    tokenizer = read_tokenizer(arguments.weights)

    def encoder(num_streams, batch_size):
        compute = make_compute(num_streams)

        def encode(texts):
            rows_and_vectors = compute(batches(tokenizer, texts, batch_size))
            rows, vectors = zip(*rows_and_vectors, strict=True)
            order = np.argsort(np.concatenate(rows))
            return np.concatenate(vectors)[order]

        return encode

    path = pathlib.Path(arguments.graphs) / f"{name}.json"
    if not path.exists():
        num_streams = {1, os.cpu_count()} if can_stream else {1}
        tried = itertools.product(num_streams, BATCH_SIZES)
        best = best_settings(encoder, tried, arguments.texts)
        path.write_text(json.dumps(best))
    return encoder(*json.loads(path.read_text()))


def best_settings(encoder, tried, texts):
    """The streams and the batch size of the least seconds."""
    texts = texts[:: -(-len(texts) // NUM_TRIED)]
    return min(tried, key=lambda settings: seconds(encoder(*settings), texts))


def seconds(encode, texts):
    encode(texts)  # compiles, allocates
    start = time.perf_counter()
    encode(texts)
    return time.perf_counter() - start


def mapped(run, batches, num_streams):
    """A list of what a function makes of batches, in threads."""
    if num_streams == 1:
        return list(map(run, batches))
    with concurrent.futures.ThreadPoolExecutor(num_streams) as pool:
        return list(pool.map(run, batches))


def read_tokenizer(weights):
    path = pathlib.Path(weights) / "tokenizer.json"
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(sequence_length(weights))
    return tokenizer


def batches(tokenizer, texts, size):
    """Yields row numbers, token ids and mask."""
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    order = np.argsort([-len(row) for row in ids], kind="stable")
    for start in range(0, len(texts), size):
        rows = order[start : start + size]
        token_ids = np.zeros((len(rows), len(ids[rows[0]])), "int64")
        mask = np.zeros_like(token_ids)
        for place, row in enumerate(rows):
            token_ids[place, : len(ids[row])] = ids[row]
            mask[place, : len(ids[row])] = 1
        yield rows, token_ids, mask
