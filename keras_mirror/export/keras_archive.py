from keras_mirror.files import new_file


def export_archive(model, filepath):
    """Writes a `.keras` archive to encode with: without an optimizer.

    A third of the size of what `model.save` writes after training, and
    loaded in the same way. The model card is inside.

    Args:
        model: A `MirrorModel`.
        filepath: String or path of a new file, `*.keras`.

    Raises:
        FileExistsError: `filepath` exists.

    Example:

    ```python
    model.export("small.keras", format="keras")
    ```
    """
    parts = (model.encoder, model.preprocessor, model.recipe, model.record)
    copy = type(model)(*parts)
    if model.projection_head is not None:
        weights = model.projection_head.get_weights()
        copy.projection_head.set_weights(weights)
    with new_file(filepath, ".keras") as unfinished:
        copy.save(unfinished)
