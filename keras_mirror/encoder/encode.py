from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.data.as_strings import as_strings
from keras_mirror.data.as_strings import batched
from keras_mirror.encoder.similar_lengths import distinct_rows
from keras_mirror.encoder.similar_lengths import similar_lengths
from keras_mirror.unit_rows import check_finite_rows
from keras_mirror.unit_rows import unit_rows

CHUNK_SIZE = 4096  # number of texts sorted by length together


def encode_ids(
    model, token_ids: list[list[int]], batch_size: int | None = None
):
    """Encodes tokenized texts in batches of similar length.

    Every call of the encoder gets about the same number of tokens, so more
    texts if they are short. Equal texts are encoded once. Under XLA, which
    compiles every new shape, only a few shapes are used: see `padded_lengths`.

    Args:
        model: A `MirrorModel`.
        token_ids: List of lists of integers, without special tokens.
        batch_size: Integer, texts of `sequence_length` tokens per call of the
            encoder. Defaults to `None`: 64, or fewer if such a call would not
            fit into free memory.

    Returns:
        A float32 array of shape `(len(token_ids), embedding_dim)`, in the
        order of `token_ids`.

    Example:

    >>> encode_ids(model, [[7, 8], [9]]).shape[0]
    2
    """
    # Imported late: `encode_in_chunks` also runs without Keras.
    from keras_mirror.encoder.fitting_batches import fitting_batch_size
    from keras_mirror.preprocessing.padding import padded_lengths
    from keras_mirror.preprocessing.padding import padded_rows

    if batch_size is not None:
        batch_size = check_integer("batch_size", batch_size)
    distinct, row_of_texts = distinct_rows(token_ids)
    if batch_size is None:
        batch_size = fitting_batch_size(model, distinct)
    longest = model.preprocessor.sequence_length
    widths = padded_lengths(longest)
    if model.recipe.pools_padding:
        widths = [longest]
    shape = (len(distinct), model.encoder.output_shape[-1])
    embeddings = np.empty(shape, dtype="float32")
    lengths = model.preprocessor.packed_lengths(distinct)
    for rows, width in similar_lengths(lengths, widths, batch_size * longest):
        # Empty texts fill the last batch of a width, to avoid a new
        # compilation.
        batch = [distinct[row] for row in rows]
        num_rows = padded_rows(len(rows), batch_size * longest // width)
        batch += [()] * (num_rows - len(rows))
        features = model.preprocessor.pack(batch, width)
        outputs = np.asarray(model.predict_on_batch(features))
        embeddings[rows] = outputs[: len(rows)]
    return embeddings[row_of_texts]


def encode_text(
    model, text, batch_size: int | None = None, prompt: str | None = None
):
    """Implements `encode_text` of `MirrorModel` and `ForwardEncoder`.

    Args:
        model: One of these.
        text, batch_size, prompt: See `MirrorModel.encode_text`.

    Returns:
        A float32 array of shape `(len(text), embedding_dim)`.

    Raises:
        TypeError: An element is not a string.
        ValueError: There is no prompt of this name, or an embedding holds
            NaN or infinity.

    Example:

    >>> encode_text(model, ["a man", "a woman"]).shape[0]
    2
    """
    texts = as_strings(text)
    token_ids = model.preprocessor.tokenize(texts, prompt)
    embeddings = model.encode_ids(token_ids, batch_size)
    check_finite_rows(embeddings, texts)
    return embeddings


def encode_in_chunks(
    model,
    texts: Iterable[str],
    batch_size: int | None = None,
    on_progress: Callable[[int], object] | None = None,
    prompt: str | None = None,
) -> Iterator[tuple]:
    """Encodes any number of texts chunk by chunk, and reports progress.

    Args:
        model: A `MirrorModel`.
        texts: Iterable of strings.
        batch_size: Integer, see `encode_ids`.
        on_progress: Function of the number of texts just encoded. Defaults to
            `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Yields:
        Tuples of a float32 array of shape `(chunk_size, embedding_dim)` and
        the number of texts in the chunk that were cut.

    Raises:
        ValueError: The model gives an embedding with NaN or infinity.

    Example:

    >>> [(embeddings, num_cut)] = encode_in_chunks(model, ["a man", "a woman"])
    >>> embeddings.shape[0], num_cut
    (2, 0)
    """
    longest = model.preprocessor.max_text_tokens
    for chunk in batched(texts, CHUNK_SIZE):
        token_ids = model.preprocessor.tokenize(chunk, prompt)
        num_cut = sum(len(row) > longest for row in token_ids)
        embeddings = model.encode_ids(token_ids, batch_size)
        check_finite_rows(embeddings, chunk)
        if on_progress is not None:
            on_progress(len(chunk))
        yield embeddings, num_cut


def unit_chunks(
    model,
    texts: list[str],
    batch_size: int | None = None,
    on_progress: Callable[[int], object] | None = None,
    prompt: str | None = None,
) -> Iterator:
    """Yields embeddings scaled to length 1, chunk by chunk.

    Args:
        model, texts, batch_size, on_progress, prompt: See `encode_in_chunks`.

    Yields:
        Float32 arrays of shape `(chunk_size, embedding_dim)`.

    Raises:
        ValueError: The model gives an embedding with NaN or infinity.

    Example:

    >>> [chunk] = unit_chunks(model, ["a man", "a woman"])
    >>> np.linalg.norm(chunk, axis=1).round(5).tolist()
    [1.0, 1.0]
    """
    encoded = encode_in_chunks(model, texts, batch_size, on_progress, prompt)
    for chunk, _ in encoded:
        yield unit_rows(chunk)
