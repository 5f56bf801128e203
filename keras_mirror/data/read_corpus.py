"""All that a user may call a corpus: files, strings, datasets of strings."""

import os
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import collect_strings
from keras_mirror.data.read_texts import read_texts


def read_corpus(
    source,
    drop_duplicates: bool = True,
    pairs: bool = False,
    column: str | None = None,
) -> Corpus:
    """Reads the strings of whatever `mirror_dataset` takes as its source.

    Args:
        source: See `mirror_dataset`; a `Corpus` is returned as it is.
        drop_duplicates: Boolean, see `collect_strings`. Defaults to `True`.
        pairs: Boolean, of files, see `read_texts`. Defaults to `False`.
        column: String, of files, see `read_texts`. Defaults to `None`.

    Returns:
        A `Corpus`.

    Raises:
        FileNotFoundError: A path is not a file.
        TypeError: `source` is nothing of the kind, or an element is neither a
            string nor two.
        ValueError: A file cannot be read, or a dataset never ends.

    Example:

    >>> read_corpus(["a man", "a woman", "a man"]).strings
    ['a man', 'a woman']
    """
    if isinstance(source, Corpus):
        return source
    if paths := _paths(source):
        texts = read_texts(*paths, column=column, pairs=pairs)
        return collect_strings(texts, drop_duplicates)
    return collect_strings(_strings(source), drop_duplicates)


def is_strings(data) -> bool:
    """Whether `data`, given to `fit`, is strings rather than features.

    Example:

    >>> is_strings(["a man", "a woman"])
    True
    """
    if isinstance(data, Corpus):
        return True
    if isinstance(data, np.ndarray):
        return data.dtype.kind in "USO"
    if isinstance(data, (list, tuple)):
        return not data or not all(_is_features(item) for item in data)
    return _is_string_dataset(data)


def _paths(source) -> Sequence[str | os.PathLike]:
    """The paths that `source` consists of, none if it is anything else.

    A string alone is a path, strings in a list are paths if all are files.
    """
    if isinstance(source, (str, os.PathLike)):
        return [source]
    if not isinstance(source, (list, tuple)):
        return []
    if all(isinstance(item, os.PathLike) for item in source):
        return source
    are_files = all(
        isinstance(item, str) and os.path.isfile(item) for item in source
    )
    return source if are_files else []


def _strings(source) -> Iterable:
    if isinstance(source, (list, tuple)):
        return source
    if isinstance(source, np.ndarray):
        return map(_decode, np.atleast_1d(source).tolist())
    if _is_string_dataset(source):
        return _strings_of_dataset(source)
    raise TypeError(
        "`source` must be a path, several paths, strings, or a "
        f"`tf.data.Dataset` of strings. Received: {type(source).__name__}"
    )


def _is_features(item) -> bool:
    if isinstance(item, tuple):  # not a pair
        return not all(isinstance(part, str) for part in item)
    return isinstance(item, dict) or hasattr(item, "shape")


def _is_string_dataset(data) -> bool:
    if not hasattr(data, "element_spec"):
        return False
    # Here, since whoever has a dataset has paid for this import.
    import tensorflow as tf

    spec = data.element_spec
    return isinstance(spec, tf.TensorSpec) and spec.dtype == tf.string


def _strings_of_dataset(dataset) -> Iterator[str]:
    if dataset.cardinality() == -1:  # `tf.data.INFINITE_CARDINALITY`
        raise ValueError(
            "`source` must end: it is read into memory. "
            "Received: a repeated `tf.data.Dataset`. Use `take()`"
        )
    for element in dataset.as_numpy_iterator():
        for text in np.array(element, dtype=object).ravel():
            yield _decode(text)


def _decode(text):
    return text.decode("utf-8") if isinstance(text, bytes) else text
