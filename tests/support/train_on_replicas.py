"""Trains alone and on several devices; prints how far apart they end.

KERAS_BACKEND=... python -m support.train_on_replicas WAY NUM_REPLICAS CASE...

A way is `devices`, of one process, or `processes`; a case is a JSON object of
the recipe and its fields. Prints a JSON object: for every case the losses of
both and the largest difference of weights; the first case's loss with only a
replica's own negatives; whether replicas draw the same dropout masks for the
same text, and the seeds that processes share.
"""

import json
import pathlib
import pickle
import socket
import subprocess
import sys
import tempfile

from support.quick_graphs import use_quick_graphs  # isort: skip

import keras
import numpy as np

from support import replica_scopes
from support.replica_training import first_losses
from support.replica_training import train

BACKEND = keras.backend.backend()


def on_devices(number, cases):
    start = getattr(replica_scopes, f"{BACKEND}_devices")
    scope, embed = start(number) if BACKEND == "tensorflow" else start()
    results = [train(json.loads(case), scope)[1:] for case in cases]
    return results, embed(), []


def in_processes(number, cases):
    program = ("-m", "support.replica_process")
    ports = json.dumps(free_ports(number))
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            subprocess.Popen(
                [sys.executable, *program, str(rank), ports, folder, *cases]
            )
            for rank in range(number)
        ]
        codes = [process.wait() for process in processes]
        assert not any(codes), codes
        paths = sorted(pathlib.Path(folder).glob("*.pickle"))
        results, embeddings, seeds = zip(
            *[pickle.loads(path.read_bytes()) for path in paths], strict=True
        )
    for others in results[1:]:
        check_equal(results[0], others)
    if BACKEND == "jax":  # every process has those of all
        embeddings = embeddings[:1]
    return results[0], np.concatenate(embeddings), seeds


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def check_equal(results, others):
    """Processes end with the same weights, bit for bit."""
    # Their means of losses are weighed by rows, and rounded.
    for (losses, weights), (losses_2, weights_2) in zip(
        results, others, strict=True
    ):
        np.testing.assert_allclose(losses, losses_2, atol=1e-6)
        for ours, theirs in zip(weights, weights_2, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def compare(case, losses_on_replicas, weights_on_replicas):
    _, losses, weights = train(case)
    differences = [
        np.abs(ours - theirs).max()
        for ours, theirs in zip(weights, weights_on_replicas, strict=True)
    ]
    return {
        "losses": losses,
        "losses_on_replicas": losses_on_replicas,
        "weights": float(max(differences)),
    }


def main(way, number, *cases):
    number = int(number)
    replicas = on_devices if way == "devices" else in_processes
    results, embeddings, seeds = replicas(number, cases)
    keras.distribution.set_distribution(None)  # JAX: what comes now is alone
    cases = list(map(json.loads, cases))
    same = [np.allclose(embeddings[0], each) for each in embeddings[1:]]
    report = {
        "cases": [
            compare(case, *result)
            for case, result in zip(cases, results, strict=True)
        ],
        "first_losses": first_losses(cases[0], number),
        "num_embeddings": len(embeddings),
        "same_masks": any(same),
        "seeds": seeds,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    use_quick_graphs()
    main(*sys.argv[1:])
