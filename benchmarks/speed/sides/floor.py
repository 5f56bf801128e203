"""Seconds that the arithmetic of an epoch needs at the machine's own rate.

Counts the multiplications with weights of all real tokens of both views,
forward and backward, and divides by the measured rate of such a product.
"""

import argparse
import json
import time

import torch
from arithmetic import forward_flops
from arithmetic import num_real_tokens

import keras_mirror
from keras_mirror.data import collect_strings
from keras_mirror.data import read_lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    arguments = parser.parse_args()

    model = keras_mirror.MirrorModel.from_preset(arguments.weights)
    strings = collect_strings(read_lines(arguments.corpus)).strings
    num_tokens = num_real_tokens(model, strings)
    backbone = model.encoder.backbone
    forward = forward_flops(backbone, num_tokens)
    rate = matrix_rate(6400, backbone.hidden_dim, backbone.intermediate_dim)
    print(
        json.dumps(
            {
                "tokens": num_tokens,
                "gflops_per_second": rate / 1e9,
                "train_seconds": 3 * forward / rate,
                "encode_seconds": forward / 2 / rate,
            }
        )
    )


def matrix_rate(rows, inner, columns):
    """Floating-point operations a second, the best of thirty products."""
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        torch.matmul(left, right)
        seconds.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / min(seconds)


if __name__ == "__main__":
    main()
