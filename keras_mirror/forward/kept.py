"""Graphs in the user's cache, one per content of an encoder.

A graph is found by the SHA-256 of its archive: a changed file has another
place, a moved file has the same one.
"""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil

from keras_mirror.atomic_output import atomic_output
from keras_mirror.files import read_json
from keras_mirror.files import write_json
from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.forward.precision import check_precision
from keras_mirror.forward.preprocessor import ForwardPreprocessor
from keras_mirror.forward.tokenizer import ForwardTokenizer
from keras_mirror.optional import import_optional
from keras_mirror.preprocessing.prompts import Prompts
from keras_mirror.presets.checked_files import sha256
from keras_mirror.version import __version__

FORMAT = 2
# More graphs than a user works with at a time; the last used ones stay.
MOST_KEPT = 8
_GRAPH = "graph.xml"
_SETTINGS = "settings.json"
_FILES = (_GRAPH, "graph.bin", _SETTINGS)
_HASHES = "sha256.json"


def cache_folder() -> pathlib.Path:
    """The folder of graphs, in `XDG_CACHE_HOME` or `~/.cache`.

    A relative `XDG_CACHE_HOME` is ignored, as its specification asks.

    Raises:
        OSError: The user has no home.
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.expanduser("~/.cache")
    if not os.path.isabs(cache):
        raise FileNotFoundError("the user has no home folder for a cache")
    return pathlib.Path(cache, "keras-mirror", "forward")


def place_of(
    source: str | os.PathLike[str], settings: object = None
) -> pathlib.Path:
    """The folder in the cache that belongs to an encoder.

    Args:
        source: String or path of an archive, or of the folder of a preset.
        settings: Anything else that decides embeddings; its `repr` is used.
            Defaults to `None`.

    Returns:
        A `pathlib.Path`, which may not exist yet.
    """
    known = f"{FORMAT} {__version__} {settings!r}"
    digest = hashlib.sha256(known.encode())
    source = pathlib.Path(source)
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    for path in paths:
        if path.is_file():
            digest.update(sha256(path).encode())
            digest.update(path.relative_to(source).as_posix().encode())
    return cache_folder() / digest.hexdigest()[:32]


def keep(encoder: ForwardEncoder, place: pathlib.Path) -> None:
    """Writes a graph to its place, and removes the least recently used ones.

    Args:
        encoder: A `ForwardEncoder`, of `place_of`'s encoder.
        place: A `pathlib.Path`.

    Raises:
        OSError, RuntimeError: It cannot be written.
    """
    openvino = import_optional("openvino", extra="openvino")
    place.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(place, replace_folder=True) as unfinished:
        unfinished.mkdir()
        openvino.save_model(
            encoder.graph, unfinished / _GRAPH, compress_to_fp16=False
        )
        write_json(unfinished / _SETTINGS, _settings(encoder))
        write_json(unfinished / _HASHES, _hashes(unfinished))
    _remove_oldest(place.parent)


def load_kept(
    place: pathlib.Path, precision: str = "float32"
) -> ForwardEncoder | None:
    """Loads what `keep` wrote.

    Args:
        place: A `pathlib.Path`, of `place_of`.
        precision: String, see `ForwardEncoder`.

    Returns:
        A `ForwardEncoder`, or `None` if there is no graph or a damaged one,
        which will be made again.
    """
    check_precision(precision)
    try:
        if read_json(place / _HASHES) != _hashes(place):
            return None
        encoder = _loaded(place, precision)
        with contextlib.suppress(OSError):  # the cache may be read only
            os.utime(place)  # it was used
        return encoder
    # Also raised if this version of OpenVINO cannot read the graph.
    except (OSError, ValueError, RuntimeError):
        return None


def _loaded(place: pathlib.Path, precision: str) -> ForwardEncoder:
    openvino = import_optional("openvino", extra="openvino")
    settings = read_json(place / _SETTINGS)
    prompts = Prompts(settings["prompts"], settings["default_prompt_name"])
    preprocessor = ForwardPreprocessor(
        ForwardTokenizer(**settings["tokenizer"]),
        settings["sequence_length"],
        settings["pools_padding"],
        prompts,
    )
    graph = openvino.Core().read_model(place / _GRAPH)
    return ForwardEncoder(
        graph, preprocessor, settings["fingerprint"], precision
    )


def _settings(encoder: ForwardEncoder) -> dict:
    preprocessor = encoder.preprocessor
    return {
        "fingerprint": encoder.fingerprint,
        "tokenizer": dataclasses.asdict(preprocessor.tokenizer),
        "sequence_length": preprocessor.sequence_length,
        "pools_padding": preprocessor.pools_padding,
        "prompts": preprocessor.prompts.texts,
        "default_prompt_name": preprocessor.prompts.default_name,
    }


def _remove_oldest(folder: pathlib.Path) -> None:
    kept = [path for path in folder.iterdir() if path.is_dir()]
    kept.sort(key=lambda path: path.stat().st_mtime)
    for path in kept[:-MOST_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def _hashes(place: pathlib.Path) -> dict[str, str]:
    return {name: sha256(place / name) for name in _FILES}
