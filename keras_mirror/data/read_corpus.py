"""All that a user may call a corpus: files, strings, datasets of strings."""

import itertools
import os
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from keras_mirror.arguments import UNORDERED
from keras_mirror.arguments import check_column
from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import collect_strings
from keras_mirror.data.read_texts import read_texts


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
        texts = read_texts(
            *paths, column=column, pairs=pairs, encoding=encoding
        )
        return collect_strings(texts, drop_duplicates)
    return collect_strings(_strings(source), drop_duplicates)


def is_strings(data) -> bool:
    """Whether `data`, given to `fit`, is strings rather than features.

    Example:

    >>> is_strings(["a man", "a woman"])
    True
    """
    is_mistake = isinstance(data, UNORDERED) or hasattr(data, "columns")
    if is_mistake or isinstance(data, (str, os.PathLike, Corpus)):
        return True  # the check of strings says more about a mistake
    if isinstance(data, np.ndarray):
        return data.dtype.kind in "USO"
    if isinstance(data, (list, tuple)):
        return not data or not all(_is_features(item) for item in data)
    return _is_string_dataset(data) or _is_series(data)


def taken_apart(data):
    """What `is_strings` can look at, of what users of Keras give `fit`.

    Args:
        data: Strings or features, also out of a generator, or before the
            `None` that stands for labels in `(x, None)`.

    Returns:
        A list of the strings; everything else, and what tells of itself, as
        it is.

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
    if isinstance(source, Iterable):
        check_column(source)
    if isinstance(source, np.ndarray):
        return map(_decode, source.tolist())
    if _is_string_dataset(source):
        return _strings_of_dataset(source)
    if isinstance(source, Iterable) and not hasattr(source, "element_spec"):
        return source
    raise TypeError(
        "`source` must be a path, several paths, strings, or a "
        f"`tf.data.Dataset` of strings. Received: {type(source).__name__}"
    )


def _is_series(data) -> bool:
    if len(getattr(data, "shape", ())) != 1:
        return False
    is_object = str(getattr(data, "dtype", None)) == "object"
    return is_object or isinstance(next(iter(data), None), str)


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
