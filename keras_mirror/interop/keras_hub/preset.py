import warnings

from keras_mirror.backbones import activation_of
from keras_mirror.backbones import layer_norm_epsilon_of
from keras_mirror.card.model_card import model_card
from keras_mirror.interop.files.mirror_files import write_mirror_files
from keras_mirror.interop.files.new_folder import new_folder
from keras_mirror.interop.keras_hub.mirror_text_embedder import (
    MirrorTextEmbedder,
)
from keras_mirror.interop.keras_hub.text_embedder import to_text_embedder

HOW_TO_LOAD = """\
import keras_mirror  # pip install keras-mirror

model = keras_mirror.MirrorModel.from_preset("folder")
vectors = model.encode_text(["A man is playing a guitar."])
"""


def save_to_preset(model, folder):
    """Writes a keras-hub preset: see `MirrorModel.save_to_preset`.

    Args:
        model: A `MirrorModel`.
        folder: String or path of a new folder.

    Raises:
        FileExistsError: `folder` exists.
    """
    task = to_text_embedder(model)
    is_ours = isinstance(task, MirrorTextEmbedder)
    with new_folder(folder) as unfinished:
        if is_ours:
            model.encoder.backbone.save_to_preset(str(unfinished))
            model.preprocessor.tokenizer.save_to_preset(str(unfinished))
        else:
            task.save_to_preset(str(unfinished))
        write_mirror_files(model, unfinished)
        card = model_card(model, None, HOW_TO_LOAD, "keras-hub")
        (unfinished / "README.md").write_text(card, encoding="utf-8")
    _warn_of_differences(model.encoder, is_ours)


def _warn_of_differences(encoder, is_ours):
    """Tells what keras-hub alone would not load as it was saved."""
    backbone = encoder.backbone
    plain = type(backbone).from_config(backbone.get_config())
    lost = []
    if is_ours:
        lost.append(
            f"the pooling ({encoder.pooling_mode}, {encoder.pooled_layers}, "
            f"frequency_smoothing={encoder.frequency_smoothing})"
        )
    if activation_of(plain) != activation_of(backbone):
        lost.append(f"the activation ({activation_of(backbone)})")
    if layer_norm_epsilon_of(plain) != layer_norm_epsilon_of(backbone):
        lost.append(f"the epsilon ({layer_norm_epsilon_of(backbone)})")
    if lost:
        warnings.warn(
            "keras-hub has no place in a preset for "
            f"{', '.join(lost)}. `MirrorModel.from_preset` loads it whole, "
            "`keras_hub`'s own `from_preset` without that.",
            stacklevel=4,
        )
