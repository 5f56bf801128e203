import keras
from keras import ops

from keras_mirror.metrics.embedding_space import isotropy_score
from keras_mirror.metrics.embedding_space import mean_vector_norm
from keras_mirror.metrics.embedding_space import uniformity
from keras_mirror.metrics.two_views import alignment
from keras_mirror.metrics.two_views import similarity_gap

OF_TWO_VIEWS = {
    function.__name__: function for function in (alignment, similarity_gap)
}
# The views of one string are always near each other, so these metrics see one
# view of each string.
OF_ONE_VIEW = {
    function.__name__: function
    for function in (uniformity, mean_vector_norm, isotropy_score)
}
NAMES = (*OF_TWO_VIEWS, *OF_ONE_VIEW)


class ViewMetrics:
    """The metrics of a `MirrorModel`: means over the batches of an epoch.

    Args:
        names: List of names of functions of `keras_mirror.metrics`. Defaults
            to `None`: none.

    Attributes:
        trackers: List of `keras.metrics.Mean`, one per name.

    Raises:
        ValueError: `names` is not a list, or a name is unknown or repeated.

    Example:

    >>> metrics = ViewMetrics(["alignment"])
    >>> metrics.update_state(ops.convert_to_tensor([[1.0, 0.0], [2.0, 0.0]]))
    >>> {mean.name: float(mean.result()) for mean in metrics.trackers}
    {'alignment': 0.0}
    """

    def __init__(self, names: list[str] | None = None):
        names = [] if names is None else names
        if not _are_different_names(names):
            raise ValueError(
                "`metrics` must be a list of different names out of "
                f"{', '.join(map(repr, NAMES))}. Received: metrics={names!r}"
            )
        self.names = list(names)
        self.trackers = [
            keras.metrics.Mean(name, dtype="float32") for name in names
        ]

    def update_state(self, embeddings) -> None:
        """Adds one batch.

        Args:
            embeddings: Tensor of shape `(2 * batch_size, embedding_dim)`, all
                first views, then all second views.
        """
        embeddings = ops.stop_gradient(embeddings)
        view_1, view_2 = ops.split(embeddings, 2, axis=0)
        for tracker in self.trackers:
            if tracker.name in OF_TWO_VIEWS:
                value = OF_TWO_VIEWS[tracker.name](view_1, view_2)
            else:
                value = OF_ONE_VIEW[tracker.name](view_1)
            tracker.update_state(value)


def _are_different_names(names) -> bool:
    return (
        isinstance(names, (list, tuple))
        and all(isinstance(name, str) and name in NAMES for name in names)
        and len(set(names)) == len(names)
    )
