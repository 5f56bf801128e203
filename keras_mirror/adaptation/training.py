from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

import keras
import numpy as np

from keras_mirror.adaptation.start import Start
from keras_mirror.data import Corpus
from keras_mirror.data.corpus import Pair
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.guide import Guide
from keras_mirror.guide.embed_corpus import embed_corpus
from keras_mirror.merging import copied
from keras_mirror.merging import merge


def train_from(
    start: Start,
    corpus: Corpus,
    alpha: float,
    seeds: Sequence[int],
    guide_folder,
    tell: Callable[[str, int, int], object],
) -> tuple[dict, dict]:
    """Trains copies of a model by each recipe and seed, and merges them.

    Args:
        start: A `Start`, whose model stays as it is.
        corpus: A `Corpus`.
        alpha: Float, see `merge`.
        seeds: List of integers. Sets the seeds of Keras too.
        guide_folder: See `embed_corpus`.
        tell: Function of a part of the work, how much was done, and the total.

    Returns:
        A tuple of two dicts from the names of the recipes: to the merged
        `MirrorModel`s, and to the `Guide`s, `None` where there is none.
    """
    guides = _guides(start, corpus, guide_folder, tell)
    turns = [(name, seed) for name in start.recipes for seed in seeds]
    tuned = {
        (name, seed): _tuned(
            start.model,
            start.recipes[name],
            corpus,
            guides[name],
            seed,
            lambda total: tell("training", 1, len(turns) * total),
        )
        for name, seed in turns
    }
    merged = {
        name: merge(start.model, [tuned[name, seed] for seed in seeds], alpha)
        for name in start.recipes
    }
    return merged, guides


def _guides(start: Start, corpus: Corpus, folder, tell) -> dict:
    """What the model holds of the corpus, embedded once for all recipes."""
    if not any(recipe.is_guided for recipe in start.recipes.values()):
        return dict.fromkeys(start.recipes)
    total = len(corpus.different_texts)
    embeddings = embed_corpus(
        start.model, corpus, folder, lambda count: tell("guide", count, total)
    )
    return {
        name: Guide(corpus, embeddings, recipe) if recipe.is_guided else None
        for name, recipe in start.recipes.items()
    }


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


def _tuned(original, recipe, corpus: Corpus, guide, seed: int, on_step):
    keras.utils.set_random_seed(seed)
    model = copied(original, recipe)
    dataset = mirror_dataset(corpus, model.preprocessor, seed=seed, guide=guide)
    model.compile()
    total = len(dataset) * recipe.epochs
    told = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: on_step(total)
    )
    model.fit(dataset, verbose=0, callbacks=[told], mini_batch_size="auto")
    return model
