"""The words of model cards and of `keras-mirror info`, without Keras."""

from keras_mirror.archive.training_run import TrainingRun

SIZES = ("num_layers", "hidden_dim", "num_heads", "intermediate_dim")


def backbone_words(name: str, config: dict) -> str:
    """Names a backbone by its class and its sizes.

    Args:
        name: String, the name of its class.
        config: Dict, its configuration.

    Returns:
        A string.

    Example:

    >>> backbone_words("BertBackbone", {"num_layers": 4, "dropout": 0.1})
    'BertBackbone, num_layers 4'
    """
    sizes = [f"{size} {config[size]}" for size in SIZES if size in config]
    return ", ".join([name, *sizes])


def pooling_words(
    recipe: dict,
    centered: bool = False,
    whitened: bool = False,
    projection_dim: int | None = None,
) -> str:
    """Says how tokens become one vector.

    Args:
        recipe: Dict of fields of `Recipe`. Older versions had fewer.
        centered: Boolean, whether a mean is subtracted from every vector.
            Defaults to `False`.
        whitened: Boolean, whether vectors are whitened. Defaults to `False`.
        projection_dim: Integer, the dimensions to which vectors are projected.
            Defaults to `None`: those of the backbone.

    Returns:
        A string.

    Example:

    >>> pooling_words({"pooling_mode": "mean", "pooled_layers": "first_last"})
    'mean, of the first and the last layer'
    """
    words = [str(recipe.get("pooling_mode"))]
    smoothing = recipe.get("frequency_smoothing")
    if smoothing is not None:
        words.append(f"frequent tokens weigh less ({smoothing})")
    both = recipe.get("pooled_layers") == "first_last"
    words.append(f"of the {'first and the last' if both else 'last'} layer")
    if centered:
        words.append("the mean direction removed")
    if whitened:
        words.append("whitened")
    if projection_dim:
        words.append(f"projected to {projection_dim} dimensions")
    return ", ".join(words)


def run_words(run: TrainingRun) -> str:
    """Sums up one call of `fit`.

    Args:
        run: A `TrainingRun`.

    Returns:
        A string.

    Example:

    >>> run_words(TrainingRun(None, 200, 1, 1, steps=46, seconds=35.21))
    'an unknown corpus; 1 of 1 epochs; 46 steps of 200 strings, 35.2 seconds'
    """  # noqa: E501
    batch = f" of {run.batch_size:,} strings" if run.batch_size else ""
    parts = [
        _corpus_words(run.corpus),
        f"{run.completed_epochs} of {run.epochs} epochs",
        f"{run.steps:,} steps{batch}, {run.seconds:,.1f} seconds",
        ", ".join(map(" ".join, run.versions.items())),
    ]
    return "; ".join(filter(None, parts))


def _corpus_words(corpus: dict | None) -> str:
    if corpus is None:
        return "an unknown corpus"
    told = {
        "of them pairs": corpus["num_pairs"],
        "empty dropped": corpus["num_empty"],
        "with NUL bytes dropped": corpus["num_binary"],
        "duplicates dropped": corpus["num_duplicates"],
        "not drawn": corpus.get("num_unsampled"),  # not in older records
    }
    counts = ", ".join(
        f"{number:,} {x}" for x, number in told.items() if number
    )
    strings = f"{corpus['num_strings']:,} strings"
    strings += f" ({counts})" if counts else ""
    return f"{strings}, SHA-256 {corpus['sha256']}"
