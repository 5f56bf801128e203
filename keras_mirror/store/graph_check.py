"""Whether the bytes of a graph are safe to load: `usearch` believes them all.

A file of `usearch` 2 consists of the vectors, a head, and the graph: the
levels of its nodes, then of each node its key, its level, and a list of
neighbors for every level from 0 up.
"""

import numpy as np

_SHAPE_BYTES = 8  # of the vectors: their number, and the bytes of one
_HEAD_BYTES = 64
_FIXED = slice(0, 9), slice(13, 17), slice(25, 33), slice(41, 42)
_GRAPH_HEAD_BYTES = 40
_KEY_BYTES = 8
_LISTS = _KEY_BYTES + 2  # where they start in a node, after its level
_NUMBER = 4  # bytes of a slot, and of the number of slots in a list
_CHUNK = 2**14  # nodes


def check_graph(
    content, empty: bytes, shape: tuple[int, int], num_keys: int
) -> None:
    """Refuses a graph whose numbers lead outside of it.

    Args:
        content: Bytes, or a file that is mapped.
        empty: Bytes of a graph of the same settings, without nodes.
        shape: Tuple of integers, the number of nodes and `embedding_dim`.
        num_keys: Integer, what the keys of nodes must be below.

    Raises:
        ValueError: It is the graph of other vectors, or damaged.
    """
    number = shape[0]
    content = np.frombuffer(content, "u1")  # its parts are no copies
    rows, width = np.frombuffer(content, "<u4", 2).tolist()
    start = _SHAPE_BYTES + rows * width
    head = bytes(content[start : start + _HEAD_BYTES])
    found = rows, int.from_bytes(head[33:41], "little")
    if found != shape:
        raise ValueError(
            f"A graph must have the shape of its vectors, {shape}. "
            f"Received: {found}"
        )
    own = empty[_SHAPE_BYTES:]
    _check(int.from_bytes(empty[4:8], "little") == width, "vectors")
    _check(all(head[part] == own[part] for part in _FIXED), "settings")
    _check(int.from_bytes(head[17:25], "little") == number, "number of nodes")
    _check_nodes(
        content[start + _HEAD_BYTES :], own[_HEAD_BYTES:], number, num_keys
    )


def _check_nodes(graph, empty: bytes, number: int, num_keys: int) -> None:
    count, *lengths, highest, entry = np.frombuffer(graph, "<u8", 5).tolist()
    own_lengths = np.frombuffer(empty, "<u8", 3)[1:].tolist()
    _check([count, *lengths] == [number, *own_lengths], "numbers of neighbors")
    if not number:
        return
    levels = np.frombuffer(graph, "<i2", number, _GRAPH_HEAD_BYTES)
    is_start = entry < number and levels[entry] == levels.max() == highest
    _check(is_start and levels.min() >= 0, "levels")
    nodes = np.frombuffer(graph, "u1", -1, _GRAPH_HEAD_BYTES + 2 * number)
    above, below = (_NUMBER * (1 + length) for length in lengths)
    sizes = _LISTS + below + above * levels.astype("int64")
    ends = np.cumsum(sizes)
    _check(ends[-1] == len(nodes), "length")
    starts = ends - sizes
    keys = _gather(nodes, starts, "<u8")[:, 0]
    keys = np.unique(keys)
    _check(len(keys) == number and keys[-1] < num_keys, "keys")
    own_levels = _gather(nodes, starts + _KEY_BYTES, "<i2")[:, 0]
    _check((own_levels == levels).all(), "levels")
    for level in range(highest + 1):
        places = starts[levels >= level] + _LISTS
        size = above if level else below
        if level:
            places += below + above * (level - 1)
        for first in range(0, len(places), _CHUNK):
            lists = _gather(
                nodes, places[first : first + _CHUNK], "<u4", size // _NUMBER
            )
            _check_lists(lists, level, levels)


def _check_lists(lists, level: int, levels) -> None:
    """Refuses lists that are too long, or lead to no node of their level."""
    counts, slots = lists[:, :1], lists[:, 1:]
    _check((counts <= slots.shape[1]).all(), "numbers of neighbors")
    used = slots[np.arange(slots.shape[1]) < counts]
    _check((used < len(levels)).all(), "neighbors")
    _check((levels[used] >= level).all(), "neighbors")


def _gather(content, places, dtype: str, length: int = 1):
    """Numbers that begin at any places: an array `(len(places), length)`."""
    size = length * np.dtype(dtype).itemsize
    windows = np.lib.stride_tricks.sliding_window_view(content, size)
    return np.ascontiguousarray(windows[places]).view(dtype)


def _check(is_valid: bool, part: str) -> None:
    if not is_valid:
        raise ValueError(f"A graph must have its own {part}: it is damaged")
