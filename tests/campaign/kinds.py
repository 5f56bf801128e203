"""What is damaged: a few good files of each kind, and how they are read."""

import functools
import json
import pathlib
import random
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from support import models
from support.archives import rewrite
from support.texts import SENTENCES
from support.texts import texts
from support.zip_index import write_zip_index

import keras_mirror
from campaign.containers import Files
from campaign.containers import changed_files
from campaign.text_samples import files_of_benchmarks
from campaign.text_samples import files_of_texts
from campaign.tokenizer_steps import changed_tokenizer
from campaign.tokenizer_steps import read_tokenizer
from keras_mirror.archive.checkpoint_file import read_checkpoint
from keras_mirror.archive.checkpoint_file import write_checkpoint
from keras_mirror.archive.reading import archive_info
from keras_mirror.bulk.shard_folder import ShardFolder
from keras_mirror.bulk.shards import Shard
from keras_mirror.data import read_texts
from keras_mirror.evaluation.readers import read_benchmarks
from keras_mirror.evidence.judge_answers import count_answers
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.search import Index


class Kind(NamedTuple):
    """A kind of files that this package reads.

    Args:
        make: Function that returns the files of good ones, a list.
        read: Function of the folder with the files, that reads them.
        change: Function of files and of a `random.Random`, that returns
            others. Defaults to `changed_files`.
    """

    make: Callable[[], list[Files]]
    read: Callable[[pathlib.Path], object]
    change: Callable[[Files, random.Random], Files] = changed_files


def files_of(folder: pathlib.Path) -> Files:
    """The contents of the files of a folder, by their names from there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _written(write: Callable[[pathlib.Path], object]) -> Files:
    with tempfile.TemporaryDirectory() as name:
        write(pathlib.Path(name))
        return files_of(pathlib.Path(name))


def _only(folder: pathlib.Path) -> pathlib.Path:
    return next(path for path in folder.iterdir() if path.is_file())


def _use(model) -> None:
    """What is loaded encodes too; others compile for this, which takes long."""
    if keras.backend.backend() == "torch":
        model.encode_text(["a man plays"])


# === Archives ===


@functools.cache
def _model():
    return models.make_model(sequence_length=12)


def _trained():
    model = models.make_model(recipe="sentence", batch_size=10, drophead=0.5)
    model.compile()
    model.fit(texts(20), epochs=1, verbose=0)
    return model


def _own_encoder():
    """An encoder of a user: layers and operations of Keras around ours."""
    inner = models.make_model().encoder
    outputs = keras.layers.Dense(4, activation="gelu")(inner(inner.input))
    outputs = keras.ops.tanh(outputs) + 1.0
    encoder = keras.Model(inner.input, outputs)
    return keras_mirror.MirrorModel(encoder, _model().preprocessor)


def _archives() -> list[Files]:
    made = [_model(), _trained(), models.make_model("Roberta")]
    made += [models.make_model("XLMRoberta"), models.make_model("Albert")]
    files = [_archive_of(model) for model in made]
    return [*files, _written(_write_compressed)]


def _archive_of(model) -> Files:
    return _written(lambda folder: model.save(folder / "encoder.keras"))


def _write_compressed(folder: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name, "encoder.keras")
        _model().save(path)
        rewrite(path, folder / path.name, zipfile.ZIP_DEFLATED)


def _read_archive(folder: pathlib.Path) -> None:
    path = _only(folder)
    _use(load_archive(path))


def _read_info(folder: pathlib.Path) -> None:
    archive_info(_only(folder))


# === Indexes, vectors, checkpoints, answers ===


def _index(exact: bool) -> Files:
    index = Index(_model(), exact)
    index.add([*texts(80), *SENTENCES, ""])
    index.remove(["3", "8"])
    return _written(lambda folder: index.save(folder / "texts.index"))


def _old_index() -> Files:
    return _written(
        lambda folder: write_zip_index(
            folder / "texts.index", _model(), [*texts(80), *SENTENCES, ""]
        )
    )


def _read_index(folder: pathlib.Path) -> None:
    index = Index.load(folder / "texts.index", _model())
    index.query_embeddings(np.ones((2, 8)), 5)
    index.query(SENTENCES[:2], 5, where="id > '4'", mode="hybrid")
    if (folder / "texts.index").is_dir():
        with tempfile.TemporaryDirectory() as name:
            _change_index(folder / "texts.index", pathlib.Path(name, "copy"))


def _change_index(path: pathlib.Path, copy: pathlib.Path) -> None:
    shutil.copytree(path, copy)
    index = Index.load(copy, _model())
    index.upsert(["a new text", "two"], ids=["new", "5"])
    index.remove(["new"])


def _checkpoint() -> Files:
    values = [np.ones((3, 4), "float32"), np.arange(5), np.float32(2)]
    facts = {"step": 3, "seed": 1, "run": {"steps": 3}}
    return _written(
        lambda folder: write_checkpoint(
            folder / "encoder.checkpoint.npz", facts, values
        )
    )


SETTINGS = {"archive_sha256": "a", "paths": ["texts.txt"], "sha256": ["b"]}


def _vectors() -> Files:
    def write(folder):
        made = ShardFolder(str(folder))
        made.begin(SETTINGS)
        for name in ("00000-00000", "00000-00001"):
            shard = Shard(name, ["a", "b"], ["a man", "a cat"])
            made.write(shard, np.ones((2, 8), "float32"), 0)
        made.end(4)

    return _written(write)


def _read_vectors(folder: pathlib.Path) -> None:
    made = ShardFolder(str(folder))
    made.settings()
    made.ends()
    made.is_complete(made.footers())


def _answers() -> Files:
    content = {"names": ["A", "B"], "choices": [["a", "B"], ["b", None]]}
    return {"answers.json": json.dumps(content).encode()}


# === Folders ===


def _read_folder(folder: pathlib.Path) -> None:
    _use(keras_mirror.MirrorModel.from_preset(str(folder)))


def _presets() -> list[Files]:
    return [
        _written(lambda folder, x=family: models.save_preset(folder, x))
        for family in ("Bert", "Roberta", "XLMRoberta")
    ]


def _hugging_face() -> list[Files]:
    import torch
    from safetensors.torch import load_file
    from support import folders

    def write_pickle(folder, **config):
        folders.make_bert_folder(folder, **config)
        weights = folder / "model.safetensors"
        torch.save(load_file(weights), folder / "pytorch_model.bin")
        weights.unlink()

    makers = [*folders.FOLDERS.values(), write_pickle]
    return [
        _written(functools.partial(make, max_position_embeddings=66))
        for make in makers
    ]


def _sentence_transformers() -> list[Files]:
    def write(model, folder):
        made = folder / "made"
        model.export(made, format="sentence-transformers")
        for path in list(made.iterdir()):
            path.rename(folder / path.name)
        made.rmdir()

    made = [_model(), models.make_model("Roberta"), _trained()]
    made += [_model().whitened(texts(40)), _model().reduced(texts(40), 5)]
    return [_written(functools.partial(write, model)) for model in made]


# === All ===


def _read_texts(folder: pathlib.Path) -> None:
    path = _only(folder)
    is_plain = path.name.startswith("texts.txt")
    for text in read_texts(path, column=None if is_plain else "text"):
        text.encode(errors="surrogatepass")


KINDS = {
    "archive": Kind(_archives, _read_archive),
    "own encoder": Kind(lambda: [_archive_of(_own_encoder())], _read_archive),
    "info": Kind(_archives, _read_info),
    "index": Kind(lambda: [_index(True), _index(False)], _read_index),
    "old index": Kind(lambda: [_old_index()], _read_index),
    "Hugging Face": Kind(_hugging_face, _read_folder),
    "tokenizer": Kind(
        lambda: _hugging_face()[:-1], read_tokenizer, changed_tokenizer
    ),
    "sentence-transformers": Kind(_sentence_transformers, _read_folder),
    "preset": Kind(_presets, _read_folder),
    "texts": Kind(files_of_texts, _read_texts),
    "benchmark": Kind(files_of_benchmarks, read_benchmarks),
    "vectors": Kind(lambda: [_vectors()], _read_vectors),
    "checkpoint": Kind(
        lambda: [_checkpoint()], lambda folder: read_checkpoint(_only(folder))
    ),
    "answers": Kind(
        lambda: [_answers()], lambda folder: count_answers([_only(folder)])
    ),
}


@functools.cache
def good_files(kind: str) -> list[Files]:
    """The files that `Kind.make` makes, made once for each process."""
    keras.utils.set_random_seed(0)
    return KINDS[kind].make()
