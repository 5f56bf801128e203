import pathlib
import struct
import tempfile

import numpy as np
import pytest

from keras_mirror.store.graph_check import check_graph
from keras_mirror.store.neighbor_graph import NeighborGraph

NUMBER, DIM = 300, 16
HEAD = 8 + 2 * NUMBER * DIM  # after the vectors
GRAPH = HEAD + 64
NODES = GRAPH + 40 + 2 * NUMBER


@pytest.fixture(scope="module")
def vectors():
    rows = np.random.default_rng(0).normal(size=(NUMBER, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype("float32")


def to_bytes(graph):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "graph.usearch")
        graph.save(path)
        return path.read_bytes()


def from_bytes(content, number, view=True):
    graph = NeighborGraph(DIM)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "graph.usearch")
        path.write_bytes(content)
        graph.restore(path, number, [], view)
    return graph


@pytest.fixture(scope="module")
def content(vectors):
    graph = NeighborGraph(DIM)
    graph.extend(vectors)
    return to_bytes(graph)


@pytest.mark.parametrize("view", [True, False])
@pytest.mark.parametrize("number", [0, 1, 5, NUMBER])
def test_a_graph_of_ours_is_taken(vectors, number, view):
    graph = NeighborGraph(DIM)
    graph.extend(vectors[:number])
    loaded = from_bytes(to_bytes(graph), number, view)
    assert len(loaded) == number
    found = [each.places(vectors[7], 3).tolist() for each in (graph, loaded)]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "place, format, value, part",
    [
        (4, "<I", 7, "shape of its vectors"),
        (HEAD + 14, "<B", 1, "settings"),
        (HEAD + 17, "<Q", 299, "number of nodes"),
        (HEAD + 25, "<Q", 1, "settings"),
        (GRAPH, "<Q", 301, "numbers of neighbors"),
        (GRAPH + 8, "<Q", 17, "numbers of neighbors"),
        (GRAPH + 24, "<Q", 9, "levels"),
        (GRAPH + 32, "<Q", NUMBER, "levels"),
        (GRAPH + 40, "<h", -1, "levels"),
        (NODES, "<Q", NUMBER, "keys"),
        (NODES, "<Q", 1, "keys"),
        (NODES + 8, "<h", 2, "levels"),
        (NODES + 10, "<I", 33, "numbers of neighbors"),
        (NODES + 14, "<I", NUMBER, "neighbors"),
    ],
)
def test_numbers_that_lead_outside_are_refused(
    content, vectors, place, format, value, part
):
    changed = bytearray(content)
    struct.pack_into(format, changed, place, value)
    with pytest.raises(ValueError, match=part):
        from_bytes(bytes(changed), NUMBER)


def test_a_neighbor_below_its_level_is_refused(content, vectors):
    levels = np.frombuffer(content, "<i2", NUMBER, GRAPH + 40)
    sizes = 10 + 132 + 68 * levels.astype(int)
    upper, ground = int(levels.argmax()), int(levels.argmin())
    node = NODES + int(sizes[:upper].sum())
    changed = bytearray(content)
    struct.pack_into("<II", changed, node + 10 + 132, 1, ground)
    with pytest.raises(ValueError, match="neighbors"):
        from_bytes(bytes(changed), NUMBER)


def test_no_change_of_bytes_ends_the_process(content, vectors):
    empty = to_bytes(NeighborGraph(DIM))
    generator = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(content)
        place = int(generator.integers(HEAD, len(changed)))
        changed[place : place + 4] = generator.bytes(4)
        try:
            check_graph(bytes(changed), empty, (NUMBER, DIM), NUMBER)
        except ValueError:
            continue
        graph = from_bytes(bytes(changed), NUMBER)
        for query in vectors[:3]:
            graph.places(query, 3)
    for length in range(0, len(content), 997):
        with pytest.raises(ValueError):
            check_graph(content[:length], empty, (NUMBER, DIM), NUMBER)
