from keras import ops

from keras_mirror.metrics.unit_length import unit_length


def uniformity(embeddings):
    """How evenly directions fill the sphere; lower is better.

    It is the logarithm of the mean of `exp(-2 * squared distance)` over all
    pairs of different normalized rows: 0 if all rows have one direction, never
    below -8. Pass one view of different strings: two rows of the same string
    would only add noise.

    Reference:
        - [Wang and Isola, 2020](https://arxiv.org/abs/2005.10242), t = 2

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`, any float dtype and
            any norm.

    Returns:
        A float32 scalar; nan for one row, which has no pair.

    Example:

    >>> float(uniformity(np.array([[1.0, 0.0], [-3.0, 0.0]])))
    -8.0
    """
    num_rows = ops.shape(embeddings)[0]
    embeddings = directions(embeddings)
    products = ops.matmul(embeddings, ops.transpose(embeddings))
    squares = ops.sum(ops.square(embeddings), axis=-1)
    distances = squares[:, None] + squares[None, :] - 2 * products  # squared
    exponents = -2 * ops.maximum(distances, 0.0)  # (n, n)
    itself = ops.eye(num_rows, dtype="bool")
    exponents = ops.where(itself, -float("inf"), exponents)
    num_rows = ops.cast(num_rows, "float32")
    num_pairs = num_rows * (num_rows - 1)  # each pair in both orders
    return ops.logsumexp(exponents) - ops.log(num_pairs)


def mean_vector_norm(embeddings):
    """The length of the mean embedding; lower is better.

    It is large if all embeddings lie in one narrow cone. It grows with the
    length of the embeddings, so compare it only between encoders of one kind.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), "MVN"

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`, any float dtype, not
            normalized.

    Returns:
        A float32 scalar.

    Example:

    >>> float(mean_vector_norm(np.array([[3.0, 4.0], [9.0, 12.0]])))
    10.0
    """
    embeddings, scale = scaled_down(embeddings)
    return scale * ops.norm(ops.mean(embeddings, axis=0))


def isotropy_score(embeddings):
    """How equal all directions are; from 0 to 1, higher is better.

    `Z(c)` is the sum of `exp(c . v)` over the embeddings `v`. The score is the
    smallest `Z(c)` divided by the largest one, over the eigenvectors `c` of
    `V^T V` for the matrix `V` of embeddings. An eigenvector has no sign, and
    `Z` is not even: both signs of each are taken, so that the score does not
    depend on what the eigenvalue solver returns. If eigenvalues are equal, the
    eigenvectors, and with them the score, are arbitrary.

    Long embeddings give a score near 0. The eigenvalue solver is slow.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), "IS"
        - [Arora et al., 2016](https://arxiv.org/abs/1502.03520)
        - [Mu and Viswanath, 2018](https://arxiv.org/abs/1702.01417)

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`, any float dtype, not
            normalized.

    Returns:
        A float32 scalar; nan where an embedding is not finite.

    Example:

    >>> float(isotropy_score(np.zeros((3, 2))))
    1.0
    """
    embeddings, scale = scaled_down(embeddings)
    # Some solvers raise on NaN; values that are not finite are in `scale`
    # already.
    embeddings = ops.where(ops.isfinite(embeddings), embeddings, 0.0)
    products = ops.matmul(ops.transpose(embeddings), embeddings)
    _, eigenvectors = ops.eigh(products)  # in columns
    exponents = scale * ops.matmul(embeddings, eigenvectors)
    exponents = ops.concatenate([exponents, -exponents], axis=1)
    log_sums = ops.logsumexp(exponents, axis=0)  # (2 * embedding_dim,)
    return ops.exp(ops.min(log_sums) - ops.max(log_sums))


def scaled_down(embeddings, axis: int | None = None):
    """Divides embeddings by their largest entry, in float32.

    Squares and sums of scaled embeddings do not overflow as long as the
    embeddings are finite.

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`.
        axis: Integer. With `-1` every row is divided by its own largest
            entry. Defaults to `None`: one scale for all.

    Returns:
        A tuple of a float32 tensor of the same shape, and the float32 scale
        that gives the embeddings back by multiplication; 1 for all zeros.

    Example:

    >>> rows, scale = scaled_down(np.array([[2.0, 0.0], [0.0, -8.0]]))
    >>> float(scale), float(rows[1, 1])
    (8.0, -1.0)
    """
    embeddings = ops.cast(embeddings, "float32")
    largest = ops.max(ops.abs(embeddings), axis, keepdims=axis is not None)
    scale = ops.where(largest == 0, 1.0, largest)
    return embeddings / scale, scale


def directions(embeddings):
    """Normalizes rows in float32, even very short ones; zero rows stay.

    >>> float(directions(np.array([[0.0, 1e-30]]))[0, 1])
    1.0
    """
    rows, _ = scaled_down(embeddings, axis=-1)
    return unit_length(rows)
