import dataclasses

import numpy as np

from keras_mirror import metrics


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How one model's embeddings lie in their space.

    Args:
        name: String, the model.
        mean_vector_norm: Float, see `keras_mirror.metrics`.
        isotropy_score: Float.
        uniformity: Float.
        alignment: Float, of related pairs; nan where there are none.
    """

    name: str
    mean_vector_norm: float
    isotropy_score: float
    uniformity: float
    alignment: float


def geometries(embeddings, texts, pairs):
    """A `Geometry` for each model.

    Args:
        embeddings: Dict from names to `TextEmbeddings`.
        texts: List of different strings. A few thousand: memory is quadratic.
        pairs: List of pairs of strings that mean the same.

    Returns:
        A list.

    Example:

    >>> from keras_mirror.evaluation import TextEmbeddings
    >>> texts = ["a man", "a woman"]
    >>> embeddings = {"model": TextEmbeddings(model, texts)}
    >>> geometries(embeddings, texts, [("a man", "a man")])[0].alignment
    0.0
    """
    return [
        Geometry(
            name,
            *_of_vectors(embed(texts)),
            _alignment(embed, pairs),
        )
        for name, embed in embeddings.items()
    ]


def _of_vectors(vectors):
    functions = (
        metrics.mean_vector_norm,
        metrics.isotropy_score,
        metrics.uniformity,
    )
    return [float(function(vectors)) for function in functions]


def _alignment(embed, pairs):
    if not pairs:
        return np.nan
    first, second = zip(*pairs, strict=True)
    return float(metrics.alignment(embed(first), embed(second)))
