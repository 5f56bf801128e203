import dataclasses
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from keras_mirror.adaptation.start import Start
from keras_mirror.data import Corpus
from keras_mirror.data.corpus import Pair
from keras_mirror.data.mirror_dataset import corpus_dataset
from keras_mirror.guide import Guide
from keras_mirror.guide.embed_corpus import embed_corpus
from keras_mirror.merging import copied
from keras_mirror.merging import merge
from keras_mirror.optimizers import training_variables
from keras_mirror.recipes import Recipe


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
        tell: Function of the name of a stage, the amount of work just done, and
            the total.

    Returns:
        A tuple of two dicts from the names of the recipes: to the merged
        `MirrorModel`s, and to the `Guide`s, `None` where there is none.
    """
    guides = _guides(start, corpus, guide_folder, tell)
    num_turns = len(start.recipes) * len(seeds)
    trainers = [_Trainer(start.model, seed) for seed in seeds]

    def tuned(name: str) -> list:
        return [
            trainer.train(
                start.recipes[name],
                corpus,
                guides[name],
                lambda total: tell("training", 1, num_turns * total),
            )
            for trainer in trainers
        ]

    merged = {
        name: merge(start.model, tuned(name), alpha) for name in start.recipes
    }
    return merged, guides


def _guides(start: Start, corpus: Corpus, folder, tell) -> dict:
    """The guides of the recipes; the corpus is embedded once for all."""
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
    """Splits rows at random: four fifths to train on, one fifth as evidence.

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


class _Trainer:
    """Trains one copy of a model by several recipes in turn.

    Every training starts from the same weights and seeds. Recipes that differ
    only in their guide share the compiled step, since compiling takes as long
    as several steps.
    """

    def __init__(self, original, seed: int) -> None:
        self._original = original
        self._seed = seed
        self._model = None
        self._values: list = []

    def train(self, recipe: Recipe, corpus: Corpus, guide, on_step):
        """Returns a trained copy; the next training changes it."""
        keras.utils.set_random_seed(self._seed)
        model = self._prepared(recipe)
        dataset = corpus_dataset(
            corpus, model.preprocessor, seed=self._seed, guide=guide
        )
        total = len(dataset) * recipe.epochs
        told = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: on_step(total)
        )
        model.fit(dataset, verbose=0, callbacks=[told], mini_batch_size="auto")
        return model

    def _prepared(self, recipe: Recipe):
        model = self._model
        if model is None or _unguided(model.recipe) != _unguided(recipe):
            self._model = model = copied(self._original, recipe)
            model.compile()
            self._values = [
                ops.convert_to_numpy(variable).copy()
                for variable in training_variables(model)
            ]
            return model
        for variable, value in zip(
            training_variables(model), self._values, strict=True
        ):
            variable.assign(value)
        model.recipe = model.preprocessor.recipe = recipe
        model.record = self._original.record
        return model


def _unguided(recipe: Recipe) -> Recipe:
    """The recipe without the fields that act on batches, not on the model."""
    return dataclasses.replace(
        recipe,
        guide_ceiling=None,
        guide_share=None,
        neighbor_rate=0.0,
        neighbor_floor=0.5,
    )
