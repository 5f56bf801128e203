import os
from collections.abc import Callable

import numpy as np

from keras_mirror.data import Corpus
from keras_mirror.guide.embed_corpus import embed_corpus
from keras_mirror.guide.mutual_neighbors import draw_neighbors
from keras_mirror.guide.mutual_neighbors import mutual_neighbors
from keras_mirror.recipes import Recipe

# Number of strings that represent the corpus when a share is computed.
NUM_SAMPLED = 2048


class Guide:
    """A frozen encoder's similarities of the strings of a corpus.

    Mirror fine-tuning pushes all strings of a batch apart, even those that mean
    the same. A guide is an encoder that is good already, usually the one that
    training starts from: strings that are close in it are not negatives of each
    other. It embeds every string once, before training.

    Reference:
        - [Solatorio, 2024](https://arxiv.org/abs/2402.16829), "GISTEmbed". Its
          ceiling is the guide's cosine of each positive pair, which is 1 for
          two views of one string.

    Args:
        corpus: The `Corpus` that is trained on.
        embeddings: List of float16 arrays of shape `(num_strings,
            embedding_dim)`, rows of length 1: of the strings and, if the corpus
            has pairs, of the partners.
        recipe: The `Recipe`, with `guide_ceiling` or `guide_share`.

    Raises:
        ValueError: The recipe does not use a guide, or arrays have wrong sizes.

    Example:

    >>> from keras_mirror.data import collect_strings
    >>> from keras_mirror.recipes import get_recipe
    >>> corpus = collect_strings(["a man", "a guy", "rain"])
    >>> embeddings = np.array([[1, 0], [0.8, 0.6], [0, 1]], "float16")
    >>> recipe = get_recipe("sentence", guide_ceiling=0.7)
    >>> guide = Guide(corpus, [embeddings], recipe)
    >>> guide.features(0, np.array([0, 2]))["guide_ceiling"].tolist()
    [0.699999988079071, 0.699999988079071]
    """

    def __init__(
        self, corpus: Corpus, embeddings: list, recipe: Recipe
    ) -> None:
        _check(corpus, embeddings, recipe)
        self.embeddings = embeddings
        self._corpus = corpus
        self._ceilings = [
            _ceilings(side, embeddings, recipe) for side in embeddings
        ]
        self._rate = recipe.neighbor_rate
        self._neighbors = None
        if self._rate:
            self._neighbors = mutual_neighbors(
                embeddings[0], recipe.neighbor_floor
            )

    @classmethod
    def of(
        cls,
        model,
        corpus: Corpus,
        recipe: Recipe | None = None,
        folder: str | os.PathLike[str] | None = None,
        on_progress: Callable[[int], object] | None = None,
    ) -> "Guide":
        """Makes a guide from a model with its current weights.

        Args:
            model: A `MirrorModel`.
            corpus: A `Corpus`.
            recipe: A `Recipe`. Defaults to `None`: the model's.
            folder: String or path, see `embed_corpus`. Defaults to `None`:
                embeddings stay in memory.
            on_progress: Function of the number of texts just encoded.
                Defaults to `None`.

        Returns:
            A `Guide`.

        Example:

        >>> from keras_mirror.data import collect_strings
        >>> from keras_mirror.recipes import get_recipe
        >>> corpus = collect_strings(["a man", "a woman"])
        >>> recipe = get_recipe("sentence", guide_ceiling=0.6)
        >>> Guide.of(model, corpus, recipe).embeddings[0].dtype
        dtype('float16')
        """
        embeddings = embed_corpus(model, corpus, folder, on_progress)
        return cls(corpus, embeddings, recipe or model.recipe)

    def check_corpus(self, corpus: Corpus) -> None:
        """Raises a ValueError if the guide is of another corpus."""
        if corpus.sides != self._corpus.sides:
            raise ValueError(
                "`guide` must be made of the corpus that is trained on: it "
                f"has {len(self.embeddings[0])} strings. Received: a corpus of "
                f"{len(corpus.strings)} strings, different or in another order"
            )

    @property
    def draws_neighbors(self) -> bool:
        """Whether some second views are views of a neighbor."""
        return self._neighbors is not None

    def share_left_out(self) -> float:
        """The mean share of the corpus that a string's negatives exclude.

        It is measured among the first 2,048 strings.
        """
        rows = np.asarray(self.embeddings[0][:NUM_SAMPLED], "float32")
        left_out = rows @ rows.T > self._ceilings[0][: len(rows), np.newaxis]
        np.fill_diagonal(left_out, False)
        return float(left_out.sum() / max(1, left_out.size - len(rows)))

    def partners(self, rows, generator, lengths=None):
        """The strings of the second views.

        Args:
            rows: Integer array of shape `(batch_size,)`, the strings of the
                first views.
            generator: A `numpy.random.Generator`.
            lengths: Integer array of shape `(num_strings,)`, given if batches
                are of similar length: then no partner is longer than the
                longest of `rows`, to which the batch is padded. Defaults to
                `None`: partners may have any length.

        Returns:
            An integer array of the shape of `rows`: the same strings, some
            replaced by a mutual neighbor.
        """
        if self._neighbors is None:
            return rows
        neighbors = self._neighbors[rows]
        if lengths is not None:
            is_short = lengths[neighbors] <= lengths[rows].max()
            neighbors = np.where(is_short, neighbors, -1)
        drawn = draw_neighbors(neighbors, generator)
        is_replaced = (generator.random(len(rows)) < self._rate) & (drawn >= 0)
        return np.where(is_replaced, drawn, rows)

    def features(self, side: int, rows) -> dict:
        """The features of the guide for the strings of a view.

        Args:
            side: Integer, 0 for the first view and 1 for the second.
            rows: Integer array of shape `(batch_size,)`.

        Returns:
            A dict of `"guide"`, float16 of shape
            `(batch_size, embedding_dim)`, and `"guide_ceiling"`, float32 of
            shape `(batch_size,)`: see `keras_mirror.losses.info_nce`.
        """
        side = min(side, len(self.embeddings) - 1)
        return {
            "guide": np.asarray(self.embeddings[side][rows]),
            "guide_ceiling": self._ceilings[side][rows],
        }


def _check(corpus: Corpus, embeddings: list, recipe: Recipe) -> None:
    if not recipe.is_guided:
        raise ValueError(
            "A guide needs a recipe with `guide_ceiling` or `guide_share`. "
            f"Received: recipe={recipe}"
        )
    sizes = [len(side) for side in corpus.sides]
    received = [len(side) for side in embeddings]
    if sizes != received:
        raise ValueError(
            f"`embeddings` must be arrays of {sizes} rows, the strings of the "
            f"corpus. Received: {received}"
        )


def _ceilings(side, embeddings: list, recipe: Recipe):
    """The highest cosine that a negative of each string may have."""
    if recipe.guide_share is None:
        return np.full(len(side), recipe.guide_ceiling, "float32")
    others = embeddings[-1]
    step = -(-len(others) // NUM_SAMPLED)
    sample = others[::step].astype("float32")
    place = round((1 - recipe.guide_share) * (len(sample) - 1))
    ceilings = np.empty(len(side), "float32")
    for start in range(0, len(side), NUM_SAMPLED):
        block = side[start : start + NUM_SAMPLED].astype("float32")
        cosines = np.partition(block @ sample.T, place, axis=1)[:, place]
        ceilings[start : start + NUM_SAMPLED] = cosines
    if recipe.guide_ceiling is None:
        return ceilings
    return np.minimum(ceilings, np.float32(recipe.guide_ceiling))
