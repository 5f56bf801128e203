"""Answers as a script with ONNX Runtime and tokenizers does."""

import sys

import answering
import numpy as np
import onnxruntime
import tokenizers
from exported_graph import exported_graph
from exported_graph import sequence_length

work, weights, folder, _ = sys.argv[1:]
path = exported_graph(weights, folder)  # it is there when this is timed
session = onnxruntime.InferenceSession(path)
tokenizer = tokenizers.Tokenizer.from_file(f"{weights}/tokenizer.json")
tokenizer.enable_truncation(sequence_length(weights))
tokenizer.enable_padding()


def encode(texts):
    encodings = tokenizer.encode_batch(list(texts))
    token_ids = np.array([encoding.ids for encoding in encodings])
    mask = np.array([encoding.attention_mask for encoding in encodings])
    feeds = {"input_ids": token_ids, "attention_mask": mask}
    [vectors] = session.run(None, feeds)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if work != "export":
    answering.main(encode)
