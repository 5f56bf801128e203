import functools
import itertools
import warnings

import keras
import numpy as np

from keras_mirror.data.batch_schedule import BatchSchedule
from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import corpus_summary
from keras_mirror.data.read_corpus import read_corpus
from keras_mirror.distribution import active_replicas
from keras_mirror.optional_tensorflow import tf

# A step takes longer than making its batch: two threads are always ahead.
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
):
    """Batches of two views of every string, ready for `MirrorModel.fit`.

    A `tf.data` pipeline that masks and tokenizes in its graph, in parallel;
    where TensorFlow cannot be imported, a `keras.utils.PyDataset` that does
    the same in NumPy. A batch is padded to its longest string, in steps of a
    few widths. An incomplete last batch is left out, as in the original code;
    shuffling changes which strings are left out each epoch. A corpus smaller
    than a batch makes one smaller batch, with a warning.

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
        guide: A `keras_mirror.guide.Guide` of the same `Corpus`: a frozen
            encoder that says which strings are no negatives of each other.
            Defaults to `None`: none.

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
    if batch_size is None:
        batch_size = recipe.batch_size
    if group_by_length is None:
        group_by_length = recipe.group_by_length
    _check_batch_size(batch_size)
    corpus = read_corpus(source, drop_duplicates, pairs, column)
    if guide is not None:
        guide.check_corpus(corpus)
    num_strings = len(corpus.strings)
    batch_size = _fitting_batch_size(batch_size, num_strings)
    lengths = None
    if shuffle and group_by_length and num_strings > batch_size:
        lengths = _lengths(corpus, preprocessor)
    seed = active_replicas().shared_seed(seed)
    schedule = BatchSchedule(num_strings, batch_size, shuffle, lengths, seed)
    make = NumpyMirrorDataset if tf is None else _tensorflow_dataset
    dataset = make(corpus, preprocessor, schedule, guide)
    # For the record of the model that is trained on it; whatever is made out
    # of the dataset (`take`, `map`) does not have it, and is another corpus.
    dataset.mirror_source = {
        "corpus": corpus_summary(corpus),
        "batch_size": batch_size,
    }
    # For how much memory a step takes. Counting takes as long as tokenizing
    # the corpus: whoever needs the number calls it.
    dataset.longest_text = functools.partial(
        _longest_text, corpus, preprocessor, lengths
    )
    return dataset


def _check_batch_size(batch_size: int) -> None:
    if not isinstance(batch_size, int) or batch_size < 2:
        raise ValueError(
            "`batch_size` must be an integer of 2 or more: the other strings "
            "of a batch are the negatives. "
            f"Received: batch_size={batch_size!r}"
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
            f"batch_size={batch_size}: an epoch is one batch of "
            f"{num_strings}.",
            stacklevel=3,
        )
    return min(batch_size, num_strings)


def _lengths(corpus: Corpus, preprocessor):
    """Tokens of every string, or of the longer text of a pair."""
    counts = [preprocessor.count_tokens(side) for side in corpus.sides]
    return np.max(counts, axis=0)


def _longest_text(corpus: Corpus, preprocessor, lengths) -> int:
    """Tokens of the longest text of a corpus, special ones not included."""
    lengths = _lengths(corpus, preprocessor) if lengths is None else lengths
    return int(np.max(lengths))


def _rows_of_views(corpus: Corpus, rows, guide, generator) -> list:
    """The strings of each view; of one view if both are of the same."""
    if guide is not None and guide.draws_neighbors:
        return [rows, guide.partners(rows, generator)]
    return [rows] * len(corpus.sides)


def _guide_features(guide, rows: list) -> tuple[dict, ...]:
    """What the loss asks about the strings of the two views."""
    if guide is None:
        return {}, {}
    return guide.features(0, rows[0]), guide.features(1, rows[-1])


def _tensorflow_dataset(
    corpus: Corpus, preprocessor, schedule: BatchSchedule, guide=None
):
    counter = itertools.count()

    def batches():
        epoch = next(counter)
        for batch, rows in enumerate(schedule.batches(epoch)):
            # Seeds per batch: stateful draws would depend on the order of
            # threads.
            seed = schedule.span_seed(epoch, batch)
            yield element(rows, seed, schedule.generator(epoch, batch))

    def element(rows, seed, generator):
        rows = _rows_of_views(corpus, rows, guide, generator)
        return tuple(rows), seed, _guide_features(guide, rows)

    @tf.autograph.experimental.do_not_convert  # there is nothing to convert
    def views(rows, seed, features):
        texts, *partners = [
            tf.gather(sides[min(number, len(sides) - 1)], of_view)
            for number, of_view in enumerate(rows)
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
    # With TensorFlow 2.21, letting go of an iterator waits for the thread
    # that tunes it, which sleeps: up to a minute at the end of `fit`.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(NUM_PREFETCHED).with_options(options)


class NumpyMirrorDataset(keras.utils.PyDataset):
    """Batches of two views without TensorFlow, for JAX and PyTorch.

    Does what the `tf.data` pipeline of `mirror_dataset` does: the batches of
    `schedule`, with new spans each epoch.

    Args:
        corpus: A `Corpus`.
        preprocessor: A `MirrorPreprocessor`.
        schedule: A `BatchSchedule`.
        guide: A `keras_mirror.guide.Guide`. Defaults to `None`: none.
        **kwargs: Passed to `keras.utils.PyDataset`.

    Example:

    >>> from keras_mirror.data.batch_schedule import BatchSchedule
    >>> from keras_mirror.data import Corpus
    >>> schedule = BatchSchedule(num_strings=2, batch_size=2)
    >>> corpus = Corpus(["a man", "a woman"])
    >>> dataset = NumpyMirrorDataset(corpus, preprocessor, schedule)
    >>> view_1, view_2 = dataset[0]
    >>> view_1["token_ids"].shape[0]
    2
    """

    def __init__(
        self,
        corpus: Corpus,
        preprocessor,
        schedule: BatchSchedule,
        guide=None,
        **kwargs,
    ) -> None:
        # Threads make the next batches while a step runs.
        kwargs.setdefault("workers", 2)
        super().__init__(**kwargs)
        self.corpus = corpus
        self.sides = [np.array(side, dtype=object) for side in corpus.sides]
        self.guide = guide
        self.preprocessor = preprocessor
        self.schedule = schedule
        self.epoch = 0
        self._batches = schedule.batches(0)
        self._has_begun = False

    def __len__(self) -> int:
        return len(self.schedule)

    def __getitem__(self, index: int) -> tuple[dict, dict]:
        generator = self.schedule.generator(self.epoch, index)
        rows = _rows_of_views(
            self.corpus, self._batches[index], self.guide, generator
        )
        texts, *partners = [
            self.sides[min(number, len(self.sides) - 1)][of_view].tolist()
            for number, of_view in enumerate(rows)
        ]
        seed = self.schedule.span_seed(self.epoch, index)
        view_1, view_2 = self.preprocessor.views(texts, seed, *partners)
        features_1, features_2 = _guide_features(self.guide, rows)
        return {**view_1, **features_1}, {**view_2, **features_2}

    def on_epoch_begin(self) -> None:
        """Draws nothing: Keras's threads make batches already (3.15)."""
        self._has_begun = True

    def on_epoch_end(self) -> None:
        """Draws the batches of the next epoch."""
        if self._has_begun:  # Keras ends epochs also before the first one
            self.epoch += 1
            self._batches = self.schedule.batches(self.epoch)
        self._has_begun = False
