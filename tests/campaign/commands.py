"""The commands that write, each with what makes two of its outputs equal."""

import json
import pathlib
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from support import models
from support.texts import SENTENCES
from support.texts import texts

NUM_TEXTS = 150


class Command(NamedTuple):
    """A command that writes one output.

    Args:
        arguments: List of strings; inputs are in the folder `inputs`, and
            `OUTPUT` stands for the output.
        output: String, the name of the output.
        read: Function of its path; equal outputs give the same.
        others: Tuple of names of files that appear beside it.
        resumes: Boolean, whether the same command goes on where it was
            stopped, and has no `--overwrite`.
    """

    arguments: list[str]
    output: str
    read: Callable[[pathlib.Path], object]
    others: tuple[str, ...] = ()
    resumes: bool = False


def _weights(path: pathlib.Path) -> object:
    from keras_mirror.integrations.load_model import load_archive

    model = load_archive(path)
    model.encode_text(["a man plays"])
    return model.get_weights()


def _vectors(path: pathlib.Path) -> object:
    return [np.load(path)]


def _content(path: pathlib.Path) -> object:
    return path.read_bytes()


def _index(path: pathlib.Path) -> object:
    from keras_mirror.store.store import Store

    store = Store.open(path)
    documents, slots = zip(*store.documents, strict=True)
    vectors = store.embeddings()[[slot for slot in slots if slot >= 0]]
    names = sorted(each.name for each in path.iterdir())
    return [vectors, documents, store.settings.fingerprint, names]


def _folder_of_vectors(path: pathlib.Path) -> object:
    import pyarrow.dataset as dataset

    if not (path / "_SUCCESS").is_file():
        raise ValueError(f"'{path}' is not complete")
    table = dataset.dataset(path).to_table()
    return [np.stack(table["vector"].to_numpy()), table["id"].to_pylist()]


def _sentence_transformer(path: pathlib.Path) -> object:
    from safetensors.numpy import load_file

    files = {each.relative_to(path) for each in path.rglob("*")}
    json.loads((path / "modules.json").read_text())
    weights = load_file(path / "model.safetensors")
    return [*weights.values(), sorted(weights), sorted(map(str, files))]


def _page(path: pathlib.Path) -> object:
    page = path.read_text("utf-8")
    assert page.rstrip().endswith("</html>"), "the page is not whole"
    return re.search(r'id="pairs">(.*?)</script>', page, re.DOTALL)[1]


MODEL, TEXTS = "inputs/encoder.keras", "inputs/texts.txt"
TRAIN = (
    "train inputs/corpus.txt --preset inputs/preset --batch-size 10 "
    "--sequence-length 12 --epochs 2 --seed 3 --output OUTPUT"
).split()
COMMANDS = {
    "encode": Command(
        ["encode", MODEL, TEXTS, "--output", "OUTPUT"], "v.npy", _vectors
    ),
    "encode to a folder": Command(
        ["encode", MODEL, TEXTS, "--rows-per-file", "40", "--output", "OUTPUT"],
        "vectors",
        _folder_of_vectors,
        resumes=True,
    ),
    "train": Command(TRAIN, "e.keras", _weights),
    "train --log": Command(
        [*TRAIN, "--log", "log.csv"], "e.keras", _weights, ("log.csv",)
    ),
    "index": Command(
        ["index", MODEL, TEXTS, "--output", "OUTPUT"], "t.index", _index
    ),
    "similarity": Command(
        ["similarity", MODEL, "inputs/pairs.tsv", "--output", "OUTPUT"],
        "s.tsv",
        _content,
    ),
    "duplicates": Command(
        ["duplicates", MODEL, TEXTS, "--output", "OUTPUT"], "d.tsv", _content
    ),
    "cluster": Command(
        ["cluster", MODEL, TEXTS, "--clusters", "4", "--output", "OUTPUT"],
        "c.tsv",
        _content,
    ),
    "judge": Command(
        ["judge", MODEL, "inputs/b.keras", TEXTS, "--html", "OUTPUT"],
        "j.html",
        _page,
    ),
    "export": Command(
        ["export", MODEL, "--output", "OUTPUT"], "st", _sentence_transformer
    ),
    "export keras": Command(
        ["export", MODEL, "--format", "keras", "--output", "OUTPUT"],
        "x.keras",
        _weights,
    ),
}


def write_inputs(folder: pathlib.Path) -> None:
    """Writes what all commands read."""
    inputs = folder / "inputs"
    inputs.mkdir()
    models.make_model(sequence_length=12).save(inputs / "encoder.keras")
    other = models.make_model(sequence_length=12, pooling_mode="mean")
    other.save(inputs / "b.keras")
    models.save_preset(inputs / "preset")
    lines = [*texts(NUM_TEXTS), *SENTENCES]
    (inputs / "texts.txt").write_text("\n".join(lines), "utf-8")
    (inputs / "corpus.txt").write_text("\n".join(texts(40)), "utf-8")
    pairs = zip(lines, reversed(lines), strict=True)
    (inputs / "pairs.tsv").write_text("\n".join(map("\t".join, pairs)), "utf-8")


def are_equal(one: object, two: object) -> bool:
    """Whether two outputs are; weights and vectors nearly."""
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(are_equal, one, two))
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        # Of weights that went on in another process, see `train --resume`.
        return one.shape == two.shape and bool(np.allclose(one, two, atol=2e-6))
    return one == two
