import numpy as np

from keras_mirror.arguments import chosen_seed
from keras_mirror.nearest_rows import nearest_rows

# With fewer texts, nearest cosines say too little about the corpus.
FEWEST_TEXTS = 400
USUAL_THRESHOLD = 0.9
BOUNDS = 0.85, 0.98
_NUM_SAMPLED = 2_000
_NUM_DEVIATIONS = 4
_ROBUST = 1.4826  # turns a normal's median deviation into the standard one
_LARGEST = 0.999999  # since Fisher's z of 1 is infinite


def propose_threshold(embeddings, seed: int | None = 0) -> float:
    """Proposes the cosine from which texts of a corpus count as duplicates.

    How similar unrelated texts are depends on the encoder and on the corpus. So
    this takes the cosine of each text, or of 2,000 texts, with its nearest
    other text. The threshold is 4 standard deviations above the median of these
    cosines, where only unusually near texts are. Deviations are measured in
    Fisher's z, which spreads cosines near 1, and estimated from the median
    deviation, which duplicates hardly change.

    This is a rule of thumb of this package; it is not from a paper.

    Args:
        embeddings: Float32 array of shape `(num_texts, embedding_dim)`, rows
            of length 1, of different texts.
        seed: Integer, the seed of the sample; `None` draws one. Defaults to
            `0`.

    Returns:
        A float with two decimals from 0.85 to 0.98; 0.9 for fewer than 400
        texts.

    Example:

    >>> propose_threshold(np.eye(3, dtype="float32"))
    0.9
    """
    if len(embeddings) < FEWEST_TEXTS:
        return USUAL_THRESHOLD
    generator = np.random.default_rng(chosen_seed(seed))
    number = min(len(embeddings), _NUM_SAMPLED)
    sample = np.sort(generator.choice(len(embeddings), number, replace=False))
    # The most similar row is the text itself, or one that equals it.
    cosines = nearest_rows(embeddings[sample], embeddings, 2)[0][:, 1]
    z = np.arctanh(np.clip(cosines.astype("float64"), -_LARGEST, _LARGEST))
    median = np.median(z)
    deviation = _ROBUST * np.median(np.abs(z - median))
    threshold = np.tanh(median + _NUM_DEVIATIONS * deviation)
    return round(float(np.clip(threshold, *BOUNDS)), 2)
