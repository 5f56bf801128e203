import dataclasses

import numpy as np

from keras_mirror import metrics
from keras_mirror.evaluation.task import TextEmbeddings


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


def geometries(
    embeddings: dict[str, TextEmbeddings],
    texts: list[str],
    pairs: list[tuple[str, str]],
) -> list[Geometry]:
    """A `Geometry` for each model.

    Args:
        embeddings: Dict from names to `TextEmbeddings`.
        texts: List of different strings. A few thousand: memory is quadratic.
        pairs: List of pairs of strings that mean the same.

    Example:

    >>> texts = ["a man", "a woman"]
    >>> embeddings = {"model": TextEmbeddings(model, texts)}
    >>> geometries(embeddings, texts, [("a man", "a man")])[0].alignment
    0.0
    """
    return [
        _geometry(name, embed(texts), _alignment(embed, pairs))
        for name, embed in embeddings.items()
    ]


def _geometry(name: str, embeddings, alignment: float) -> Geometry:
    return Geometry(
        name=name,
        mean_vector_norm=float(metrics.mean_vector_norm(embeddings)),
        isotropy_score=float(metrics.isotropy_score(embeddings)),
        uniformity=float(metrics.uniformity(embeddings)),
        alignment=alignment,
    )


def _alignment(embed: TextEmbeddings, pairs: list[tuple[str, str]]) -> float:
    if not pairs:
        return np.nan
    first, second = zip(*pairs, strict=True)
    return float(metrics.alignment(embed(first), embed(second)))
