"""Measures the quality of a space of embeddings without labels.

They are functions of tensors or arrays. `MirrorModel.compile` takes their names
as `metrics`; those of a single space of embeddings then see view 1 only.
"""

from keras_mirror.metrics.embedding_space import isotropy_score
from keras_mirror.metrics.embedding_space import mean_vector_norm
from keras_mirror.metrics.embedding_space import uniformity
from keras_mirror.metrics.two_views import alignment
from keras_mirror.metrics.two_views import similarity_gap

__all__ = [
    "alignment",
    "isotropy_score",
    "mean_vector_norm",
    "similarity_gap",
    "uniformity",
]
