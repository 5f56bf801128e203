import hashlib
import json
import os
import pathlib
from collections.abc import Callable

import numpy as np

from keras_mirror.atomic_output import atomic_output
from keras_mirror.data import Corpus
from keras_mirror.encoder.encode import unit_chunks
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.files import read_json


def embed_corpus(
    model,
    corpus: Corpus,
    folder: str | os.PathLike[str] | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> list:
    """Embeds every different string of a corpus once, in float16.

    Args:
        model: A `MirrorModel`.
        corpus: A `Corpus`.
        folder: String or path of a folder that keeps the embeddings, for a
            corpus larger than memory: they are memory-mapped. An interrupted
            call is resumed. Defaults to `None`: embeddings stay in memory.
        on_progress: Function of the number of texts just encoded. Defaults to
            `None`.

    Returns:
        A list of float16 arrays of shape `(num_strings, embedding_dim)`, rows
        of length 1, one for each side in `corpus.sides`.

    Raises:
        ValueError: The folder holds the embeddings of another model or corpus,
            or the model gives an embedding with NaN or infinity.

    Example:

    >>> from keras_mirror.data import collect_strings
    >>> corpus = collect_strings(["a man", "a woman"])
    >>> [embeddings] = embed_corpus(model, corpus)
    >>> np.linalg.norm(embeddings.astype("float32"), axis=1).round(2).tolist()
    [1.0, 1.0]
    """
    texts = corpus.different_texts
    shape = (len(texts), model.encoder.output_shape[-1])
    if folder is None:
        embeddings = np.empty(shape, "float16")
        for _ in _fill(embeddings, model, texts, 0, on_progress):
            pass
    else:
        embeddings = _embed_into(folder, model, texts, shape, on_progress)
    if corpus.sides == [texts]:  # no copy: it may be memory-mapped
        return [embeddings]
    rows = {text: row for row, text in enumerate(texts)}
    return [embeddings[[rows[text] for text in side]] for side in corpus.sides]


def _fill(embeddings, model, texts: list[str], num_done: int, on_progress):
    """Encodes the missing texts; yields the number of texts done."""
    missing = texts[num_done:]
    for chunk in unit_chunks(model, missing, on_progress=on_progress):
        embeddings[num_done : num_done + len(chunk)] = chunk
        num_done += len(chunk)
        yield num_done


def _embed_into(folder, model, texts: list[str], shape: tuple, on_progress):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state, path = folder / "guide.json", folder / "guide.npy"
    digest = hashlib.sha256("\0".join(texts).encode(errors="surrogatepass"))
    key = {"encoder": fingerprint(model), "texts": digest.hexdigest()}
    kept = read_json(state, default={})
    num_done = kept.pop("num_done", 0)
    if kept and kept != key:
        raise ValueError(
            f"'{folder}' keeps the embeddings of another encoder or of other "
            f"texts. Expected: {key}. Received: {kept}. Choose another folder"
        )
    mode = "r+" if num_done else "w+"
    embeddings = np.lib.format.open_memmap(path, mode, "float16", shape)
    if on_progress and num_done:
        on_progress(num_done)
    for done in _fill(embeddings, model, texts, num_done, on_progress):
        embeddings.flush()
        with atomic_output(state) as unfinished:
            unfinished.write_text(json.dumps({**key, "num_done": done}))
    return np.load(path, mmap_mode="r")
