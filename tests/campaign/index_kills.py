"""Writers of an index that are killed at any moment.

PYTHONPATH=tests python -m campaign.index_kills --kills 500

A process adds, replaces and removes texts for ever, and tells of every change
that it made. It is killed; then the index must be the one after its last
change or after the next one, and never another.
"""

import argparse
import hashlib
import multiprocessing
import os
import pathlib
import random
import signal
import tempfile
import time
from typing import NamedTuple

import numpy as np
from rich.progress import track

from keras_mirror.store import batch
from keras_mirror.store import compaction
from keras_mirror.store.store import Store

DIM = 24
_NUM_IDS = 300


class Change(NamedTuple):
    """A change: texts to put, or ids to remove."""

    texts: dict[str, str]
    removed: list[str]


def vector_of(text: str):
    """The vector of a text, the same in every process."""
    seed = hashlib.blake2b(text.encode(), digest_size=8).digest()
    row = np.random.default_rng(list(seed)).normal(size=DIM).astype("float32")
    return row / np.linalg.norm(row)


def next_change(state: dict[str, str], draw: random.Random) -> Change:
    """A change that can be made to the texts of an index, by their ids."""
    if len(state) > 20 and draw.random() < 0.4:
        return Change({}, draw.sample(sorted(state), draw.randint(1, 15)))
    names = [f"n{draw.randrange(_NUM_IDS)}" for _ in range(draw.randint(1, 40))]
    texts = {name: f"text {draw.randrange(400)} of all" for name in names}
    return Change(texts, [])


def after(state: dict[str, str], change: Change) -> dict[str, str]:
    """The texts of an index after a change."""
    state = {**state, **change.texts}
    return {k: v for k, v in state.items() if k not in change.removed}


def make(store: Store, change: Change) -> None:
    """Makes a change of an index."""
    if change.removed:
        return batch.remove(store, change.removed)
    texts = list(change.texts.values())
    metadata = [{"length": len(text)} for text in texts]
    new = batch.Batch.of(texts, list(change.texts), metadata)
    vectors = {text: vector_of(text) for text in texts}
    with store.change():
        batch.put(store, new, vectors, replace=True)


def write_for_ever(folder: pathlib.Path, state, seed: int, told: int) -> None:
    """Makes the changes of a seed, and writes a byte after each."""
    store, draw = Store.open(folder), random.Random(seed)
    os.write(told, b"!")
    while True:
        change = next_change(state, draw)
        make(store, change)
        os.write(told, b".")
        state = after(state, change)


def texts_of(store: Store) -> dict[str, str]:
    """The texts of an index, by their ids; and whether all of it fits."""
    documents = list(store.documents)
    vectors = store.embeddings()
    for document, slot in documents:
        assert np.array_equal(vectors[slot], vector_of(document.text))
    rows = "SELECT count(*) FROM documents"
    assert list(store.connection.execute(rows)) == [(len(documents),)]
    assert store.settings.num_documents == len(documents)
    [(check,)] = store.connection.execute("PRAGMA quick_check")
    assert check == "ok", check
    store.connection.execute(
        "INSERT INTO keywords (keywords, rank) VALUES ('integrity-check', 1)"
    )
    signs = store.snapshot().signs
    for document, slot in documents if signs else ():
        query = vector_of(document.text)
        assert slot in signs.places(query, len(vectors), 1)
    return {document.id: document.text for document, _ in documents}


def kill_once(
    folder: pathlib.Path, state: dict[str, str], seed: int
) -> tuple[dict[str, str], int]:
    """Lets a process write, kills it, and looks at what is left.

    Returns:
        The texts that are there, and how many changes were made.

    Raises:
        AssertionError: They are neither those of before nor those of after.
    """
    told, tell = os.pipe()
    context = multiprocessing.get_context("fork")
    writer = context.Process(
        target=write_for_ever, args=(folder, state, seed, tell)
    )
    writer.start()
    os.close(tell)
    assert os.read(told, 1) == b"!"
    time.sleep(random.Random(seed).random() * 0.15)
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    assert writer.exitcode == -signal.SIGKILL, f"seed {seed}: it failed"
    number = 0
    while told_now := os.read(told, 1000):
        number += len(told_now)
    os.close(told)
    draw = random.Random(seed)
    for _ in range(number):
        state = after(state, next_change(state, draw))
    possible = [state, after(state, next_change(state, draw))]
    found = texts_of(Store.open(folder))
    assert found in possible, f"seed {seed}: neither before nor after"
    return found, number


def kill_often(kills: int, first: int = 0, exact: bool | None = None) -> int:
    """Kills writers of one index; returns the number of changes made."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        Store.new(DIM, exact, folder).connection.close()
        state, total = {}, 0
        for seed in track(range(first, first + kills), "Killing"):
            state, number = kill_once(folder, state, seed)
            total += number
        return total


def main() -> None:
    """Kills as often as the options say, exact and approximate indexes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    # Slots are given back, and signs made anew, every few changes.
    compaction.FEW_REMOVED = 100
    half = options.kills // 2
    for exact, kills in ((None, half), (False, options.kills - half)):
        total = kill_often(kills, options.first, exact)
        print(f"exact={exact}: {kills} kills, {total} changes, nothing wrong")


if __name__ == "__main__":
    main()
