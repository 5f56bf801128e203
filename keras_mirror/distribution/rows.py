from keras import ops


def paired_views(stacked):
    """Both views of a string in one row.

    Args:
        stacked: Tensor of shape `(2 * num_rows, ...)`, one view after the
            other.

    Returns:
        A tensor of shape `(num_rows, 2, ...)`.

    Example:

    >>> ops.convert_to_numpy(paired_views(np.array([1, 2, 10, 20]))).tolist()
    [[1, 10], [2, 20]]
    """
    return ops.stack(ops.split(stacked, 2, axis=0), axis=1)


def stacked_views(pairs):
    """One view after the other: undoes `paired_views`.

    Args:
        pairs: Tensor of shape `(num_rows, 2, ...)`.

    Returns:
        A tensor of shape `(2 * num_rows, ...)`.

    Example:

    >>> pairs = np.array([[1, 10], [2, 20]])
    >>> ops.convert_to_numpy(stacked_views(pairs)).tolist()
    [1, 2, 10, 20]
    """
    return ops.concatenate([pairs[:, 0], pairs[:, 1]], axis=0)
