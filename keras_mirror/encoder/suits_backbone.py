"""Checks that a backbone has embeddings for what its preprocessor gives.

For an id or a position beyond the embeddings, PyTorch fails once a text has it;
JAX silently takes the last embedding.
"""


def check_vocabulary(encoder, tokenizer) -> None:
    """Refuses a tokenizer whose ids go beyond the embeddings.

    Args:
        encoder: A backbone, or an encoder with one inside.
        tokenizer: A tokenizer of keras-hub, with its vocabulary.

    Raises:
        ValueError: An id is too large.

    Example:

    >>> check_vocabulary(model.encoder, model.preprocessor.tokenizer)
    """
    tokenizer(["a"])  # fails where the vocabulary is an empty file
    size = tokenizer.vocabulary_size()
    sizes = [
        getattr(layer, "vocabulary_size", None)
        for layer in encoder._flatten_layers()
    ]
    number = min((n for n in sizes if isinstance(n, int)), default=None)
    if number is None:  # an encoder without a backbone of keras-hub
        return
    ids = getattr(tokenizer, "vocabulary", None)
    if isinstance(ids, dict):  # of byte pairs, in any order
        size = max(size, 1 + max(ids.values(), default=0))
    if size > number:
        raise ValueError(
            "A tokenizer must have at most as many tokens as its backbone has "
            f"embeddings, {number}. Received: {size} tokens. The tokenizer's "
            "files belong to another model, or are damaged"
        )


def check_length(sequence_length: int, backbone) -> None:
    """Refuses texts that are longer than a backbone has positions.

    Args:
        sequence_length: Integer.
        backbone: A backbone, or `None` for a user's own encoder.

    Raises:
        ValueError: The backbone has fewer positions.

    Example:

    >>> check_length(24, backbone)
    """
    longest = getattr(backbone, "max_sequence_length", None)
    if longest is not None and sequence_length > longest:
        raise ValueError(
            f"`sequence_length` must be at most {longest}, the number of "
            f"positions of this {type(backbone).__name__}. "
            f"Received: sequence_length={sequence_length}"
        )
