"""How many weights a backbone needs, computed from its configuration alone."""

MAX_LAYERS = 1_000
# int4 packs two weights into one number, and not all backbones have every part
# that the sum below counts.
_MAX_RATIO = 2
_FREE_WEIGHTS = 2**20
_SIZES = {
    *("vocabulary_size", "num_layers", "hidden_dim", "intermediate_dim"),
    *("max_sequence_length", "num_segments", "embedding_dim", "bucket_size"),
    *("num_groups", "num_inner_repetitions", "num_heads"),
}


def declared_weights(config: dict) -> int:
    """A lower bound on the weights of a backbone, from its configuration.

    Args:
        config: Dict, the configuration of a backbone of keras-hub.

    Returns:
        An integer.

    Raises:
        ValueError: A size is no whole number, or there are too many layers.

    Example:

    >>> declared_weights({"vocabulary_size": 9, "hidden_dim": 2})
    18
    """
    sizes = {name: config[name] for name in _SIZES if name in config}
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError(
                f"`{name}` must be a whole number, not negative. "
                f"Received: {name}={size!r}"
            )
    layers = sizes.get("num_layers", 0)
    if "num_groups" in sizes:  # ALBERT: the layers of a group are the same
        layers = sizes["num_groups"] * sizes.get("num_inner_repetitions", 1)
    if max(layers, sizes.get("num_layers", 0)) > MAX_LAYERS:
        raise ValueError(
            f"A backbone must have at most {MAX_LAYERS} layers. "
            f"Received: {layers}"
        )
    hidden_dim = sizes.get("hidden_dim", 1)
    # DeBERTa has buckets instead of positions.
    positions = 2 * sizes.get("bucket_size", 0)
    if not positions:
        positions = sizes.get("max_sequence_length", 0)
    rows = sizes.get("vocabulary_size", 0) + sizes.get("num_segments", 0)
    rows = (rows + positions) * sizes.get("embedding_dim", hidden_dim)
    wide = 4 * hidden_dim + 2 * sizes.get("intermediate_dim", 0)
    return rows + layers * wide * hidden_dim


def most_tokens(backbones: list[dict], number: int) -> int:
    """The largest vocabulary that the weights can have embeddings for.

    Args:
        backbones: List of dicts that `check_declared` has accepted.
        number: Integer, the weights that there are.

    Returns:
        An integer.

    Example:

    >>> most_tokens([{"vocabulary_size": 30522}], number=10**6)
    30522
    """
    sizes = [config.get("vocabulary_size", number) for config in backbones]
    return min(number, max(sizes, default=number))


def check_declared(backbones: list[dict], number: int) -> None:
    """Refuses backbones that are larger than the weights beside them.

    Args:
        backbones: List of dicts, their configurations.
        number: Integer, the weights that there are.

    Raises:
        ValueError: They ask for more.
    """
    declared = sum(map(declared_weights, backbones))
    if declared > _MAX_RATIO * number + _FREE_WEIGHTS:
        raise ValueError(
            f"it must hold the weights of its backbone, {declared} or more. "
            f"Received: {number}"
        )
