"""One process of several that train together; writes a pickle.

KERAS_BACKEND=... python -m support.replica_process RANK PORTS FOLDER CASE...
"""

import json
import pathlib
import pickle
import sys

from support.quick_graphs import use_quick_graphs  # isort: skip

import keras

from keras_mirror.distribution import active_replicas
from support import replica_scopes
from support.replica_training import train


def main(rank, ports, folder, *cases):
    backend = keras.backend.backend()
    start = getattr(replica_scopes, f"{backend}_process")
    rank = int(rank)
    scope, embed = start(rank, json.loads(ports))
    # PyTorch: other weights in every process, the first one's must count.
    seed = rank if backend == "torch" else 0
    results = [train(json.loads(case), scope, seed)[1:] for case in cases]
    with scope():
        shared_seed = active_replicas().shared_seed(None)
    path = pathlib.Path(folder, f"{rank}.pickle")
    path.write_bytes(pickle.dumps((results, embed(), shared_seed)))


if __name__ == "__main__":
    use_quick_graphs()
    main(*sys.argv[1:])
