from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

import keras
import numpy as np

from keras_mirror.data import Corpus
from keras_mirror.data.corpus import Pair
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.guide import Guide
from keras_mirror.merging import copied
from keras_mirror.merging import merge


def train_from(
    original,
    corpus: Corpus,
    alpha: float,
    seeds: Sequence[int],
    guide_folder,
    tell: Callable[[str, int, int], object],
) -> tuple:
    """Trains copies of a model, one a seed, and merges them with it.

    Args:
        original: A `MirrorModel`, which stays as it is.
        corpus: A `Corpus`.
        alpha: Float, see `merge`.
        seeds: List of integers. Sets the seeds of Keras too.
        guide_folder: See `embed_corpus`.
        tell: Function of a part of the work, how much was done, and the total.

    Returns:
        A tuple of the merged `MirrorModel` and the `Guide`, or `None` where
        the recipe asks for none.
    """
    guide = None
    if original.recipe.is_guided:
        total = len({text for side in corpus.sides for text in side})
        guide = Guide.of(
            original,
            corpus,
            folder=guide_folder,
            on_progress=lambda count: tell("guide", count, total),
        )
    tuned = [
        _tuned(original, corpus, guide, seed, number, len(seeds), tell)
        for number, seed in enumerate(seeds)
    ]
    return merge(original, tuned, alpha), guide


def split_columns(columns: Iterable[Pair] | None, seed: int) -> tuple:
    """Rows to train on, and every fifth, drawn, to find out whether it helped.

    Args:
        columns: List of tuples of two strings.
        seed: Integer.

    Returns:
        A tuple of two lists of tuples of two strings.

    Raises:
        ValueError: There are none.

    Example:

    >>> rows = [(f"title {number}", "body") for number in range(10)]
    >>> [len(part) for part in split_columns(rows, seed=0)]
    [8, 2]
    """
    rows = list(dict.fromkeys(columns or []))
    if not rows:
        raise ValueError(
            "`train_columns` needs `columns`: rows of two texts that belong "
            "together. Received: none"
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    num_held_out = -(-len(rows) // 5)
    held_out = {rows[place] for place in order[:num_held_out]}
    return [row for row in rows if row not in held_out], sorted(held_out)


def _tuned(original, corpus: Corpus, guide, seed: int, number, count, tell):
    keras.utils.set_random_seed(seed)
    model = copied(original)
    dataset = mirror_dataset(corpus, model.preprocessor, seed=seed, guide=guide)
    model.compile()
    total = count * len(dataset) * model.recipe.epochs
    told = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: tell("training", 1, total)
    )
    model.fit(dataset, verbose=0, callbacks=[told], mini_batch_size="auto")
    return model
