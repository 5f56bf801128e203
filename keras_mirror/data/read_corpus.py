"""Reads whatever a user may pass as a corpus: files, strings, datasets."""

import itertools
import os
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from keras_mirror.arguments import UNORDERED
from keras_mirror.arguments import check_column
from keras_mirror.data.as_strings import items_of
from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import collect_strings
from keras_mirror.data.open_binary import uncompressed_name
from keras_mirror.data.read_texts import read_texts

# Endings of text files: a list of strings that all end so is not a corpus.
_ENDINGS = {".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"}
_TEXT_KINDS = "OSTU"  # NumPy's letters for arrays of objects and of strings
_MOST_PATHS = 100


def read_corpus(
    source,
    drop_duplicates: bool = True,
    pairs: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """Reads the strings of whatever `mirror_dataset` takes as its source.

    Args:
        source: See `mirror_dataset`; a `Corpus` is returned as it is.
        drop_duplicates: Boolean, see `collect_strings`. Defaults to `True`.
        pairs: Boolean, of files, see `read_texts`. Defaults to `False`.
        column: String, of files, see `read_texts`. Defaults to `None`.
        encoding: String, of files, see `read_lines`. Defaults to `"utf-8"`.

    Returns:
        A `Corpus`.

    Raises:
        FileNotFoundError: A path is not a file.
        TypeError: `source` has another type, or an element is neither a string
            nor a pair.
        ValueError: A file cannot be read, or a dataset never ends.

    Example:

    >>> read_corpus(["a man", "a woman", "a man"]).strings
    ['a man', 'a woman']
    """
    if isinstance(source, Corpus):
        return source
    if paths := _paths(source):
        texts = read_texts(
            *paths, column=column, pairs=pairs, encoding=encoding
        )
        return collect_strings(texts, drop_duplicates)
    return collect_strings(_strings(source), drop_duplicates)


def stream_texts(
    source, column: str | None = None, encoding: str = "utf-8"
) -> Iterable[str]:
    """Yields the texts of a source of `mirror_dataset` one by one.

    Args:
        source: A path, several paths, or strings, see `mirror_dataset`.
        column, encoding: As in `read_corpus`.

    Returns:
        An iterable of strings, including empty ones and duplicates.

    Raises:
        FileNotFoundError: A path is not a file.
        TypeError: `source` has another type. ValueError: A file cannot be read.

    Example:

    >>> list(stream_texts(["a man", "", "a man"]))
    ['a man', '', 'a man']
    """
    if paths := _paths(source):
        return read_texts(*paths, column=column, encoding=encoding)
    return _strings(source)


def is_strings(data) -> bool:
    """Whether `data`, given to `fit`, is strings rather than features.

    Example:

    >>> is_strings(["a man", "a woman"])
    True
    """
    if _is_mistake(data) or isinstance(data, (str, os.PathLike, Corpus)):
        return True
    if isinstance(data, np.ndarray):
        return data.dtype.kind in _TEXT_KINDS
    if isinstance(data, (list, tuple)):
        return not data or not all(_is_features(item) for item in data)
    return _is_string_dataset(data) or _is_series(data)


def taken_apart(data):
    """Converts what users give `fit` to a form that `is_strings` can check.

    Args:
        data: Strings or features, also from a generator, or in a tuple `(x,
            None)` without labels.

    Returns:
        A list of the strings; anything else unchanged.

    Example:

    >>> taken_apart(text for text in ["a man", "a woman"])
    ['a man', 'a woman']
    """
    if (
        isinstance(data, tuple)
        and len(data) > 1
        and not any(part is not None for part in data[1:])
    ):
        return taken_apart(data[0])
    if not isinstance(data, Iterator):
        return data
    first = list(itertools.islice(data, 1))
    items = itertools.chain(first, data)
    if all(map(_is_features, first)):
        return (item for item in items)  # Keras takes generators only
    return list(items)


def _paths(source) -> Sequence[str | os.PathLike]:
    """The paths in `source`; none if it is anything else.

    A string alone is a path. Strings in a list are paths if each is a file or
    has the name of one: a missing path must not become a text.
    """
    if isinstance(source, (str, os.PathLike)):
        return [source]
    if not isinstance(source, (list, tuple)):
        return []
    first = source[:_MOST_PATHS]
    if any(isinstance(item, os.PathLike) for item in first):
        return source
    files = filter(_is_file, first)
    endings = _ENDINGS | {_ending(path) for path in files} - {""}
    are_paths = all(_is_file(x) or _is_named(x, endings) for x in source)
    return source if are_paths else []


def _is_file(item) -> bool:
    return isinstance(item, str) and os.path.isfile(item)


def _is_named(item, endings: set[str]) -> bool:
    is_word = isinstance(item, str) and not any(map(str.isspace, item))
    return is_word and _ending(item) in endings


def _ending(path: str) -> str:
    return os.path.splitext(uncompressed_name(path))[1].lower()


def _strings(source) -> Iterable:
    if isinstance(source, (list, tuple)):
        return source
    if isinstance(source, Iterable):
        check_column(source)
    if isinstance(source, np.ndarray):
        return map(_decode, source.tolist())
    if _is_string_dataset(source):
        return _strings_of_dataset(source)
    if isinstance(source, Iterable) and not hasattr(source, "element_spec"):
        return items_of(source)
    raise TypeError(
        "`source` must be a path, several paths, strings, or a "
        f"`tf.data.Dataset` of strings. Received: {type(source).__name__}"
    )


def _is_mistake(data) -> bool:
    """Whether data is a mistake that the check of strings explains."""
    if isinstance(data, (bytes, bytearray, *UNORDERED)):
        return True
    if isinstance(data, dict):
        return not _is_dict_of_arrays(data)
    # Tables of pandas and of Arrow.
    return hasattr(data, "columns") or hasattr(data, "column_names")


def _is_series(data) -> bool:
    """Whether data is a column of pandas, Polars, Arrow or `datasets`."""
    if hasattr(data, "to_pylist") or isinstance(data, Sequence):
        return True
    if len(getattr(data, "shape", ())) != 1:
        return False
    kind = getattr(getattr(data, "dtype", None), "kind", "")
    is_text = kind in tuple(_TEXT_KINDS)
    return is_text or isinstance(next(iter(data), None), str)


def _is_features(item) -> bool:
    if isinstance(item, tuple):  # not a pair
        return not any(isinstance(part, str) for part in item)
    return _is_dict_of_arrays(item) or hasattr(item, "shape")


def _is_dict_of_arrays(data) -> bool:
    return isinstance(data, dict) and all(
        hasattr(value, "shape") for value in data.values()
    )


def _is_string_dataset(data) -> bool:
    if not hasattr(data, "element_spec"):
        return False
    # Imported here: only with a dataset has TensorFlow been imported already.
    import tensorflow as tf

    spec = data.element_spec
    return isinstance(spec, tf.TensorSpec) and spec.dtype == tf.string


def _strings_of_dataset(dataset) -> Iterator[str]:
    if dataset.cardinality() == -1:  # `tf.data.INFINITE_CARDINALITY`
        raise ValueError(
            "`source` must be finite: it is read into memory. Received: a "
            "repeated `tf.data.Dataset`. Use `take()`"
        )
    for element in dataset.as_numpy_iterator():
        for text in np.array(element, dtype=object).ravel():
            yield _decode(text)


def _decode(text):
    return text.decode("utf-8") if isinstance(text, bytes) else text
