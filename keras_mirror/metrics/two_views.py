from keras import ops

from keras_mirror.metrics.embedding_space import directions


def alignment(view_1, view_2):
    """How far apart the two views of a string are; lower is better.

    It is the mean squared distance of normalized positive pairs, from 0 for the
    same direction to 4 for the opposite one. A collapsed encoder has a perfect
    alignment: look at `uniformity` too.

    Reference:
        - [Wang and Isola, 2020](https://arxiv.org/abs/2005.10242), alpha = 2

    Args:
        view_1: Tensor of shape `(batch_size, embedding_dim)`, any float dtype
            and any norm.
        view_2: Tensor of the same shape; row `i` is the other view of string
            `i`.

    Returns:
        A float32 scalar.

    Example:

    >>> view_1 = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> float(alignment(view_1, view_1)), float(alignment(view_1, -view_1))
    (0.0, 4.0)
    """
    differences = directions(view_1) - directions(view_2)
    return ops.mean(ops.sum(ops.square(differences), axis=-1))


def similarity_gap(view_1, view_2):
    """How much nearer a string's views are than others; higher is better.

    It is the mean cosine of the positive pairs minus the mean cosine of the
    negative pairs: all pairs of views of different strings, which `info_nce`
    pushes apart. It is 0 for a collapsed encoder.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), whose loss
          widens it

    Args:
        view_1: Tensor of shape `(batch_size, embedding_dim)`, any float dtype
            and any norm.
        view_2: Tensor of the same shape; row `i` is the other view of string
            `i`.

    Returns:
        A float32 scalar from -2 to 2; nan for one string, which has no
        negatives.

    Example:

    >>> view_1 = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> float(similarity_gap(view_1, view_1))
    1.0
    """
    batch_size = ops.cast(ops.shape(view_1)[0], "float32")
    view_1, view_2 = directions(view_1), directions(view_2)
    positive = ops.mean(ops.sum(view_1 * view_2, axis=-1))
    # The square of a sum is the sum of all products, here of all cosines.
    strings = view_1 + view_2  # (batch_size, embedding_dim)
    everything = ops.sum(ops.square(ops.sum(strings, axis=0)))
    same_string = ops.sum(ops.square(strings))
    num_negatives = 4 * batch_size * (batch_size - 1)
    return positive - (everything - same_string) / num_negatives
