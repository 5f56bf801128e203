"""Texts a second of OpenVINO, on the graph of PyTorch."""

import os
import queue

import encode_timing
import openvino
from exported_graph import exported_graph
from sorted_batches import fastest
from sorted_batches import mapped

HINTS = {"float32": "f32", "bfloat16": "bf16"}

arguments = encode_timing.parse_arguments(__doc__)
path = exported_graph(arguments.weights, arguments.graphs, "sdpa")


def make_compute(num_streams):
    settings = {
        "INFERENCE_PRECISION_HINT": HINTS[arguments.precision],
        "INFERENCE_NUM_THREADS": os.cpu_count(),
        "NUM_STREAMS": num_streams,
    }
    model = openvino.Core().compile_model(path, "CPU", settings)

    requests = queue.SimpleQueue()
    for _ in range(num_streams):
        requests.put(model.create_infer_request())

    def run(batch):
        rows, token_ids, mask = batch
        request = requests.get()
        vectors = request.infer({0: token_ids, 1: mask})[0]
        requests.put(request)
        return rows, vectors

    return lambda batches: mapped(run, batches, num_streams)


name = f"openvino_{arguments.precision}"
encode_timing.run(arguments, fastest(name, arguments, make_compute))
