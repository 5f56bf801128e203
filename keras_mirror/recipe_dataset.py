from keras_mirror.corpus import mirror_dataset


def recipe_dataset(model, source, batch_size=None, shuffle=True, seed=None):
    """The dataset that a model's recipe asks for.

    Args:
        model: A `MirrorModel`.
        source: See `mirror_dataset`.
        batch_size: Integer. Defaults to `None`: the recipe's.
        shuffle: See `mirror_dataset`. Defaults to `True`.
        seed: See `mirror_dataset`. Defaults to `None`.

    Returns:
        As `mirror_dataset`.

    Example:

    >>> strings = ["a man plays", "a woman plays"]
    >>> len(recipe_dataset(model, strings, batch_size=2))
    1
    """
    return mirror_dataset(
        source,
        model.preprocessor,
        batch_size or model.recipe.batch_size,
        shuffle=shuffle,
        seed=seed,
        group_by_length=model.recipe.group_by_length,
    )
