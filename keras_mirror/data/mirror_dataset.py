import itertools
import os
import warnings

import numpy as np

from keras_mirror.data import Corpus
from keras_mirror.data import collect_strings
from keras_mirror.data import read_texts
from keras_mirror.data import split_pairs
from keras_mirror.data.batch_schedule import BatchSchedule
from keras_mirror.data.corpus import corpus_summary
from keras_mirror.data.numpy_dataset import NumpyMirrorDataset
from keras_mirror.distribution import active_replicas

try:
    import tensorflow as tf
except ImportError:
    tf = None

# A step takes longer than making its batch: two threads are always ahead.
NUM_PARALLEL_CALLS = 2
NUM_PREFETCHED = 4


def mirror_dataset(
    source,
    preprocessor,
    batch_size=None,
    shuffle=True,
    drop_duplicates=True,
    seed=None,
    group_by_length=None,
    pairs=False,
    column=None,
):
    """Batches of two views of every string, ready for `MirrorModel.fit`.

    A `tf.data` pipeline that masks and tokenizes in its graph, in parallel;
    where TensorFlow cannot be imported, a `keras.utils.PyDataset` that does
    the same in NumPy. A batch is padded to its longest string, in steps of a
    few widths. An incomplete last batch is left out, as in the original code;
    other strings are left out each epoch. A corpus smaller than a batch makes
    one smaller batch, with a warning.

    Args:
        source: A path or address, several paths (of what
            `keras_mirror.data.read_texts` reads), a list or array of
            strings, a `tf.data.Dataset` of strings, or a `Corpus`. A list of
            strings that all name files is taken as paths. In lists, tuples of
            two strings that mean the same are pairs: one view each. Strings
            are read into memory; of too many, `sample_strings` draws some.
        preprocessor: A `MirrorPreprocessor`.
        batch_size: Integer, at least 2. Defaults to `None`: the recipe's of
            the preprocessor's model, `200` in every recipe of ours.
        shuffle: Boolean, whether every epoch has an order of its own.
            Defaults to `True`.
        drop_duplicates: Boolean. A string that appears twice in a batch is
            its own negative. Defaults to `True`; the original code keeps
            duplicates.
        seed: Integer. Decides order and masked spans of all epochs. Defaults
            to `None`: random ones.
        group_by_length: Boolean. Whether a batch is of strings of similar
            length, if `shuffle`: this takes a third of the compute, and text
            length no longer separates positives from negatives. Defaults to
            `None`: as the recipe of the preprocessor's model says. The
            original code draws from all lengths.
        pairs: Boolean. Whether lines of files that hold a TAB are pairs, as
            in the original's pairwise mode. Defaults to `False`.
        column: String, of the files, see `keras_mirror.data.read_texts`.
            Defaults to `None`.

    Returns:
        A `tf.data.Dataset` or a `keras.utils.PyDataset` of
        `(view_1, view_2)`, each a dict of features.

    Raises:
        FileNotFoundError: A path is not a file.
        TypeError: An element is not a string.
        ValueError: A file is not UTF-8, or fewer than two strings are left.

    Example:

    >>> strings = ["a man plays", "a woman plays", "a man"]
    >>> dataset = mirror_dataset(strings, preprocessor, batch_size=3)
    >>> len(dataset)
    1
    """
    recipe = preprocessor.recipe
    batch_size = recipe.batch_size if batch_size is None else batch_size
    if group_by_length is None:
        group_by_length = recipe.group_by_length
    if not isinstance(batch_size, int) or batch_size < 2:
        raise ValueError(
            "`batch_size` must be an integer of 2 or more: the other strings "
            "of a batch are the negatives. "
            f"Received: batch_size={batch_size!r}"
        )
    corpus = _read(source, drop_duplicates, pairs, column)
    strings = corpus.strings
    if len(strings) < 2:
        raise ValueError(
            "Mirror fine-tuning needs at least two different strings. "
            f"Received: {len(strings)} usable string(s)"
        )
    if len(strings) < batch_size:
        warnings.warn(
            f"The corpus has {len(strings)} usable strings, fewer than "
            f"batch_size={batch_size}: an epoch is one batch of "
            f"{len(strings)}.",
            stacklevel=2,
        )
        batch_size = len(strings)
    lengths = None
    if shuffle and group_by_length and len(strings) > batch_size:
        lengths = _lengths(corpus, preprocessor)
    seed = active_replicas().shared_seed(seed)
    epochs = BatchSchedule(len(strings), batch_size, shuffle, lengths, seed)
    make = NumpyMirrorDataset if tf is None else _tensorflow_dataset
    dataset = make(corpus, preprocessor, epochs)
    # For the record of the model that is trained on it; whatever is made out
    # of the dataset (`take`, `map`) does not have it, and is another corpus.
    dataset.mirror_source = {
        "corpus": corpus_summary(corpus),
        "batch_size": batch_size,
    }
    return dataset


def is_strings(data):
    """Whether `data` is strings, rather than features, for `fit` to batch.

    Args:
        data: Anything that `keras.Model.fit` takes.

    Returns:
        A boolean.

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


def _lengths(corpus, preprocessor):
    """Tokens of every string, or of the longer text of a pair."""
    sides = [corpus.strings]
    sides += [corpus.partners] if corpus.partners else []
    return np.max([preprocessor.count_tokens(side) for side in sides], axis=0)


def _tensorflow_dataset(corpus, preprocessor, epochs):
    counter = itertools.count()

    def batches():
        epoch = next(counter)
        for batch, rows in enumerate(epochs.batches(epoch)):
            # A seed a batch: stateful draws would depend on the order of
            # threads.
            yield rows, epochs.span_seed(epoch, batch)

    @tf.autograph.experimental.do_not_convert  # there is nothing to convert
    def views(rows, seed):
        texts, *partners = [tf.gather(side, rows) for side in sides]
        return preprocessor.views(texts, seed, *partners)

    signature = (
        tf.TensorSpec((epochs.batch_size,), "int64"),
        tf.TensorSpec((2,), "int64"),
    )
    sides = [tf.constant(corpus.strings)]
    if corpus.partners:
        sides.append(tf.constant(corpus.partners))
    dataset = tf.data.Dataset.from_generator(
        batches, output_signature=signature
    )
    cardinality = tf.data.experimental.assert_cardinality(len(epochs))
    dataset = dataset.apply(cardinality).map(views, NUM_PARALLEL_CALLS)
    # With TensorFlow 2.21, letting go of an iterator waits for the thread
    # that tunes it, which sleeps: up to a minute at the end of `fit`.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(NUM_PREFETCHED).with_options(options)


def _read(source, drop_duplicates, pairs, column):
    if isinstance(source, Corpus):
        return source
    if isinstance(source, (str, os.PathLike)):
        source = [source]
    elif _is_string_dataset(source):
        return collect_strings(_strings_of_dataset(source), drop_duplicates)
    elif isinstance(source, (list, tuple)) and not _are_paths(source):
        return collect_strings(source, drop_duplicates)
    elif isinstance(source, np.ndarray):
        texts = map(_native, np.atleast_1d(source).tolist())
        return collect_strings(texts, drop_duplicates)
    elif not isinstance(source, (list, tuple)):
        raise TypeError(
            "`source` must be a path, several paths, strings, or a "
            f"`tf.data.Dataset` of strings. Received: {type(source).__name__}"
        )
    lines = read_texts(*source, column=column)
    lines = split_pairs(lines) if pairs else lines
    return collect_strings(lines, drop_duplicates)


def _are_paths(items):
    if all(isinstance(item, os.PathLike) for item in items):
        return bool(items)
    return bool(items) and all(
        isinstance(item, str) and os.path.isfile(item) for item in items
    )


def _is_features(item):
    if isinstance(item, tuple):  # not a pair
        return not all(isinstance(part, str) for part in item)
    return isinstance(item, dict) or hasattr(item, "shape")


def _is_string_dataset(data):
    if tf is None or not isinstance(data, tf.data.Dataset):
        return False
    spec = data.element_spec
    return isinstance(spec, tf.TensorSpec) and spec.dtype == tf.string


def _strings_of_dataset(dataset):
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "`source` must end: it is read into memory. "
            "Received: a repeated `tf.data.Dataset`. Use `take()`"
        )
    for element in dataset.as_numpy_iterator():
        for text in np.array(element, dtype=object).ravel():
            yield _native(text)


def _native(text):
    return text.decode("utf-8") if isinstance(text, bytes) else text
