"""How good a space of embeddings is, without labels.

Functions of tensors or arrays; by their names also `metrics` of
`MirrorModel.compile`, where those of one space of embeddings see view 1 only.
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
