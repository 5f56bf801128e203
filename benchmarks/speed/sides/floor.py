"""What the arithmetic of real tokens costs, and the machine's own rate.

Counts the multiplications with weights: of all texts once for encoding, of both
views of different strings, forward and backward, for an epoch of training.
"""

import argparse
import json

from arithmetic import forward_flops
from arithmetic import num_real_tokens
from corpus_file import read_strings
from matrix_rate import matrix_rate

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
        sizes = (backbone.hidden_dim, backbone.intermediate_dim)
        rate = matrix_rate(*sizes, precision)
        result[precision] = rate / 1e9
    print(json.dumps(result))


if __name__ == "__main__":
    main()
