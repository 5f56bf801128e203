"""What the arithmetic of real tokens costs, and the machine's own rate.

Counts the multiplications with weights: of all texts once for encoding, of both
views of different strings, forward and backward, for an epoch of training. The
rate is that of one such product in PyTorch, by its precision.
"""

import argparse
import json
import time

import torch
from arithmetic import forward_flops
from arithmetic import num_real_tokens
from corpus_file import read_strings

import keras_mirror
from keras_mirror.data import collect_strings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    arguments = parser.parse_args()

    model = keras_mirror.MirrorModel.from_preset(arguments.weights)
    texts = read_strings(arguments.corpus)
    strings = collect_strings(texts).strings
    backbone = model.encoder.backbone
    once = forward_flops(backbone, num_real_tokens(model, texts, (1,)))
    both = forward_flops(backbone, num_real_tokens(model, strings))
    result = {
        "texts": len(texts),
        "encode_gflops": once / 1e9,
        "train_gflops": 3 * both / 1e9,  # backward is twice forward
    }
    for precision in ("float32", "bfloat16"):
        dtype = getattr(torch, precision)
        rate = matrix_rate(
            6400, backbone.hidden_dim, backbone.intermediate_dim, dtype
        )
        result[precision] = rate / 1e9
    print(json.dumps(result))


def matrix_rate(rows, inner, columns, dtype):
    """Floating-point operations a second, the best of thirty products."""
    left = torch.randn(rows, inner, dtype=dtype)
    right = torch.randn(inner, columns, dtype=dtype)
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        torch.matmul(left, right)
        seconds.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / min(seconds)


if __name__ == "__main__":
    main()
