import functools
import warnings

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.data.batch_schedule import BatchSchedule
from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import corpus_summary
from keras_mirror.data.numpy_mirror_dataset import NumpyMirrorDataset
from keras_mirror.data.numpy_mirror_dataset import guide_features
from keras_mirror.data.numpy_mirror_dataset import rows_of_views
from keras_mirror.data.read_corpus import read_corpus
from keras_mirror.data.token_shares import token_shares
from keras_mirror.distribution import active_replicas
from keras_mirror.optional_tensorflow import tf

# Making a batch takes less time than a step, so two threads stay ahead.
NUM_PARALLEL_CALLS = 2
NUM_PREFETCHED = 4


def mirror_dataset(
    source,
    preprocessor,
    batch_size: int | None = None,
    shuffle: bool = True,
    drop_duplicates: bool = True,
    seed: int | None = None,
    group_by_length: bool | None = None,
    pairs: bool = False,
    column: str | None = None,
    guide=None,
    encoding: str = "utf-8",
):
    """Batches of two views of every string, ready for `MirrorModel.fit`.

    It is a `tf.data` pipeline that masks in its graph and tokenizes there or in
    threads of the `tokenizers` library. If TensorFlow cannot be imported, it is
    a `keras.utils.PyDataset` that does the same in NumPy. A batch is padded to
    its longest string, in steps of a few widths. An incomplete last batch is
    left out, as in the original code; shuffling changes which strings are left
    out each epoch. A corpus smaller than a batch becomes one smaller batch,
    with a warning. Another warning says if most tokens of the corpus are
    unknown to the model.

    Args:
        source: A path or address, several paths (of files that
            `keras_mirror.data.read_texts` reads), a list or array of strings, a
            series or a generator, a `tf.data.Dataset` of strings, or a
            `Corpus`. A list of strings is taken as paths if all are files, or
            have names of text files. In lists, a tuple of two strings that mean
            the same is a pair: each string is one view. All strings are read
            into memory; `sample_strings` draws some from a corpus that is too
            large.
        preprocessor: A `MirrorPreprocessor`.
        batch_size: Integer, at least 2. Defaults to `None`: the value in the
            recipe of the preprocessor's model, `200` in every built-in recipe.
        shuffle: Boolean, whether every epoch has a different order. Defaults to
            `True`.
        drop_duplicates: Boolean, whether equal strings are used once. A string
            that appears twice in a batch would be its own negative. Defaults to
            `True`; the original code keeps duplicates.
        seed: Integer. Decides the order and the masked spans of all epochs.
            Defaults to `None`: random ones, which `keras.utils.set_random_seed`
            decides.
        group_by_length: Boolean. Whether the strings of a batch are of similar
            length, if `shuffle`: this takes a third of the compute, and text
            length no longer separates positives from negatives. Defaults to
            `None`: the value in the recipe of the preprocessor's model. The
            original code draws from all lengths.
        pairs: Boolean. Whether lines of files that hold a TAB are pairs, as
            in the original's pairwise mode. Defaults to `False`.
        column: String, the column of texts in the files, see
            `keras_mirror.data.read_texts`. Defaults to `None`.
        guide: A `keras_mirror.guide.Guide` of the same `Corpus`: a frozen
            encoder that decides which strings are not negatives of each other.
            Defaults to `None`: none.
        encoding: String, the encoding of the files, see
            `keras_mirror.data.read_lines`. Defaults to `"utf-8"`.

    Every pass is the next epoch, even across several calls of `fit`. A `fit`
    with an `initial_epoch` continues with that epoch.

    Returns:
        A `tf.data.Dataset` or a `keras.utils.PyDataset` of
        `(view_1, view_2)`, each a dict of features.

    Raises:
        FileNotFoundError: A path is not a file.
        TypeError: An element is not a string.
        ValueError: A file is not in the encoding, or fewer than two strings are
            usable.

    Example:

    >>> strings = ["a man plays", "a woman plays", "a man"]
    >>> dataset = mirror_dataset(strings, preprocessor, batch_size=3)
    >>> len(dataset)
    1
    """
    batch_size = _checked_batch_size(batch_size, preprocessor)
    if seed is not None:
        seed = check_integer("seed", seed, smallest=0)
    corpus = read_corpus(source, drop_duplicates, pairs, column, encoding)
    dataset = corpus_dataset(
        corpus,
        preprocessor,
        batch_size,
        shuffle,
        seed,
        group_by_length,
        guide,
    )
    shares = token_shares(corpus, preprocessor)
    if shares.are_foreign:
        warnings.warn(f"{shares.problem}. {shares.way_out}.", stacklevel=2)
    return dataset


def corpus_dataset(
    corpus: Corpus,
    preprocessor,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    group_by_length: bool | None = None,
    guide=None,
):
    """Does `mirror_dataset` for a corpus whose tokens were checked before."""
    batch_size = _checked_batch_size(batch_size, preprocessor)
    if group_by_length is None:
        group_by_length = preprocessor.recipe.group_by_length
    if guide is not None:
        guide.check_corpus(corpus)
    num_strings = len(corpus.strings)
    batch_size = _fitting_batch_size(batch_size, num_strings)
    lengths = None
    if shuffle and group_by_length and num_strings > batch_size:
        lengths = _lengths(corpus, preprocessor)
    seed = active_replicas().shared_seed(seed)
    schedule = BatchSchedule(num_strings, batch_size, shuffle, lengths, seed)
    # A function, since counting takes as long as tokenizing the corpus.
    longest_text = functools.partial(
        _longest_text, corpus, preprocessor, lengths
    )
    return _dataset(corpus, preprocessor, guide, longest_text, schedule)


def _dataset(corpus: Corpus, preprocessor, guide, longest_text, schedule):
    """Makes a dataset and attaches what is known about it.

    Datasets derived from it (`take`, `map`) lack these attributes.
    """
    make = NumpyMirrorDataset if tf is None else _tensorflow_dataset
    dataset = make(corpus, preprocessor, schedule, guide)
    # For the record of the model that is trained on it.
    dataset.mirror_source = {
        "corpus": corpus_summary(corpus),
        "batch_size": schedule.batch_size,
    }
    # To check that a model has the same tokenizer.
    dataset.mirror_tokenizer = preprocessor.tokenizer
    # To estimate the memory of a step.
    dataset.longest_text = longest_text
    # To resume an interrupted training.
    dataset.rest = lambda step, epochs: _dataset(
        corpus, preprocessor, guide, longest_text, schedule.rest(step, epochs)
    )
    return dataset


def _checked_batch_size(batch_size: int | None, preprocessor) -> int:
    if batch_size is None:
        batch_size = preprocessor.recipe.batch_size
    return check_integer(
        "batch_size",
        batch_size,
        smallest=2,
        why=": the other strings of a batch are the negatives",
    )


def _fitting_batch_size(batch_size: int, num_strings: int) -> int:
    if num_strings < 2:
        raise ValueError(
            "Mirror fine-tuning needs at least two different strings. "
            f"Received: {num_strings} usable string(s)"
        )
    if num_strings < batch_size:
        warnings.warn(
            f"The corpus has {num_strings} usable strings, fewer than "
            f"batch_size={batch_size}: an epoch will be one batch of "
            f"{num_strings}.",
            stacklevel=4,  # whoever calls `mirror_dataset`
        )
    return min(batch_size, num_strings)


def _lengths(corpus: Corpus, preprocessor):
    """The number of tokens of every string, or of the longer text of a pair."""
    counts = [preprocessor.count_tokens(side) for side in corpus.sides]
    return np.max(counts, axis=0)


def _longest_text(corpus: Corpus, preprocessor, lengths) -> int:
    """The number of tokens of the longest text, without special tokens."""
    lengths = _lengths(corpus, preprocessor) if lengths is None else lengths
    return int(np.max(lengths))


def _tensorflow_dataset(
    corpus: Corpus, preprocessor, schedule: BatchSchedule, guide=None
):
    next_step = 0

    def go_to(step: int) -> None:
        nonlocal next_step
        next_step = step

    def batches():
        first = next_step
        go_to(first + len(schedule))
        for step, rows in enumerate(schedule.from_step(first), start=first):
            epoch, batch = divmod(step, len(schedule))
            # Seeds per batch: stateful draws would depend on the order of
            # threads.
            seed = schedule.span_seed(epoch, batch)
            yield element(rows, seed, schedule.generator(epoch, batch))

    def element(rows, seed, generator):
        rows = rows_of_views(rows, corpus, guide, generator, schedule.lengths)
        return tuple(rows), seed, guide_features(guide, rows)

    @tf.autograph.experimental.do_not_convert  # nothing to convert
    def views(rows, seed, features):
        texts, *partners = [
            tf.gather(side, of_view)
            for side, of_view in zip(2 * sides, rows, strict=False)
        ]
        made = preprocessor.views(texts, seed, *partners)
        return tuple(
            {**view, **more} for view, more in zip(made, features, strict=True)
        )

    sides = [tf.constant(side) for side in corpus.sides]
    first = np.arange(schedule.batch_size)
    example = element(first, schedule.span_seed(0, 0), schedule.generator(0, 0))
    signature = tf.nest.map_structure(
        lambda array: tf.TensorSpec(array.shape, array.dtype), example
    )
    dataset = tf.data.Dataset.from_generator(
        batches, output_signature=signature
    )
    cardinality = tf.data.experimental.assert_cardinality(len(schedule))
    dataset = dataset.apply(cardinality).map(views, NUM_PARALLEL_CALLS)
    # With TensorFlow 2.21, deleting an iterator waits for its tuning thread,
    # which sleeps: up to a minute at the end of `fit`.
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.prefetch(NUM_PREFETCHED).with_options(options)
    dataset.go_to = go_to
    return dataset
