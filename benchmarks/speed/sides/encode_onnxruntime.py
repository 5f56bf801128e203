"""Texts a second of ONNX Runtime, on the graph of PyTorch."""

import os

import encode_timing
import onnxruntime
from exported_graph import exported_graph
from exported_graph import quantized_graph
from sorted_batches import fastest
from sorted_batches import mapped

arguments = encode_timing.parse_arguments(__doc__)
graph = {"float32": exported_graph, "int8": quantized_graph}
path = graph[arguments.precision](arguments.weights, arguments.graphs)


def make_compute(num_streams):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() // num_streams
    session = onnxruntime.InferenceSession(path, options)

    def run(batch):
        rows, token_ids, mask = batch
        feeds = {"input_ids": token_ids, "attention_mask": mask}
        return rows, session.run(None, feeds)[0]

    return lambda batches: mapped(run, batches, num_streams)


name = f"onnxruntime_{arguments.precision}"
encode_timing.run(arguments, fastest(name, arguments, make_compute))
