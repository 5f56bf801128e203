"""The format `.keras`. Every format has its own file, even a short one."""

import os

from keras_mirror.encoder.replaced_end import with_encoder
from keras_mirror.files import new_file


def export_keras(model, filepath: str | os.PathLike) -> None:
    """Writes a `.keras` archive for encoding, without an optimizer.

    It is a third of the size of what `model.save` writes after training, and
    loads in the same way. The model card is inside.

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
    copy = with_encoder(model, model.encoder)
    with new_file(filepath, ".keras") as unfinished:
        copy.save(unfinished)
