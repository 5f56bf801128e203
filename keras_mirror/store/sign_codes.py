"""Sign codes of vectors: 512 bits that approximate cosines.

The number of signs in which two vectors differ is proportional to their angle.
The signs are those of the vectors' products with 512 directions, after the mean
of all vectors is subtracted: otherwise all vectors of an encoder that point in
similar directions would have the same signs.
"""

import functools

import numpy as np

NUM_SIGNS = 512
NUM_WORDS = NUM_SIGNS // 64
_NUM_CENTERED = 10_000
_CHUNK = 2**15  # vectors at a time


def center_of(embeddings) -> list[float]:
    """The mean of vectors from all over an array, for `sign_codes`.

    Example:

    >>> center_of(np.eye(2, dtype="float32"))
    [0.5, 0.5]
    """
    step = max(1, len(embeddings) // _NUM_CENTERED)
    return embeddings[::step].mean(axis=0).tolist()


def sign_codes(embeddings, center):
    """The signs of vectors, packed into words.

    Reference:
        - [Charikar, 2002](https://doi.org/10.1145/509907.509965)
        - [Yu et al., 2016](https://arxiv.org/abs/1610.09072)

    Args:
        embeddings: Float32 array of shape `(num_embeddings, embedding_dim)`.
        center: Array of shape `(embedding_dim,)`, see `center_of`.

    Returns:
        An array of unsigned integers of shape `(num_embeddings, 8)`.

    Example:

    >>> codes = sign_codes(np.eye(3, dtype="float32"), np.zeros(3))
    >>> codes.shape, codes.dtype
    ((3, 8), dtype('uint64'))
    """
    directions = _directions(embeddings.shape[1])
    center = np.asarray(center, "float32")
    codes = np.empty((len(embeddings), NUM_WORDS), "<u8")
    for start in range(0, len(embeddings), _CHUNK):
        chunk = embeddings[start : start + _CHUNK] - center
        with np.errstate(invalid="ignore"):  # of damaged vectors
            signs = chunk @ directions > 0
        packed = np.packbits(signs, axis=1).view("<u8")
        codes[start : start + _CHUNK] = packed
    return codes


@functools.cache
def _directions(embedding_dim: int):
    """512 directions of 1 and -1, the same on every machine.

    They are the columns of Hadamard matrices whose rows are flipped at random,
    so that many are orthogonal and say more than random directions.
    """
    rows, columns = np.arange(embedding_dim), np.arange(NUM_SIGNS)
    size = 1 << (embedding_dim - 1).bit_length()  # of a matrix
    hadamard = np.bitwise_count(rows[:, np.newaxis] & columns) % 2
    # Unlike those of `default_rng`, its numbers never change with NumPy.
    generator = np.random.RandomState(0)
    flips = generator.randint(0, 2, (embedding_dim, NUM_SIGNS))
    signs = hadamard ^ flips[:, columns // size]
    return (1 - 2 * signs.astype("int8")).astype("float32")
