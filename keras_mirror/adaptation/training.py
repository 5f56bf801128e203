from collections.abc import Callable
from collections.abc import Sequence

import keras

from keras_mirror.data import Corpus
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

    Example:

    >>> from keras_mirror.data import collect_strings
    >>> corpus = collect_strings(["a man", "two dogs run"])
    >>> tell = lambda part, count, total: None
    >>> merged, guide = train_from(model, corpus, 0.5, [0], None, tell)
    >>> guide is None
    True
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
