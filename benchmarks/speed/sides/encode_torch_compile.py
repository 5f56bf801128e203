"""Texts a second of `torch.compile`, on transformers' model."""

import encode_timing
import torch
from exported_graph import mean_pooled
from sorted_batches import fastest

arguments = encode_timing.parse_arguments(__doc__)
model = torch.compile(mean_pooled(arguments.weights), dynamic=True)


def make_compute(num_streams):
    @torch.inference_mode()
    def compute(batches):
        return [
            (rows, model(torch.tensor(ids), torch.tensor(mask)).numpy())
            for rows, ids, mask in batches
        ]

    return compute


encode = fastest("torch_compile", arguments, make_compute, can_stream=False)
encode_timing.run(arguments, encode)
