import os
import warnings

from keras_mirror.archive.model_card import model_card
from keras_mirror.checkpoints.keras_hub import EMBEDDER_POOLING_MODES
from keras_mirror.checkpoints.keras_hub import EMBEDDERS
from keras_mirror.checkpoints.mirror_files import write_mirror_files
from keras_mirror.encoder.backbone_settings import activation_of
from keras_mirror.encoder.backbone_settings import layer_norm_epsilon_of
from keras_mirror.encoder.mirror_text_embedder import MirrorTextEmbedder
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.files import new_folder
from keras_mirror.finite import check_finite_variables

HOW_TO_LOAD = """\
import keras_mirror  # pip install keras-mirror

model = keras_mirror.MirrorModel.from_preset("folder")
vectors = model.encode_text(["A man is playing a guitar."])
"""


def save_to_preset(model, folder: str | os.PathLike) -> None:
    """Writes a keras-hub preset: see `MirrorModel.save_to_preset`."""
    check_finite_variables(model.variables)
    task = to_text_embedder(model)
    is_ours = isinstance(task, MirrorTextEmbedder)
    card = model_card(model, how_to_load=HOW_TO_LOAD, library_name="keras-hub")
    with new_folder(folder, card) as unfinished:
        if is_ours:
            # First, since it is small and may refuse.
            model.preprocessor.tokenizer.save_to_preset(str(unfinished))
            model.encoder.backbone.save_to_preset(str(unfinished))
        else:
            task.save_to_preset(str(unfinished))
        write_mirror_files(model, unfinished)
    _warn_of_differences(model.encoder, is_ours)


def to_text_embedder(model, normalize: bool = True):
    """A keras-hub task: see `MirrorModel.to_text_embedder`.

    Example:

    >>> type(to_text_embedder(model)).__name__
    'BertTextEmbedder'
    """
    encoder, preprocessor = model.encoder, model.preprocessor
    if not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "A `TextEmbedder` needs a keras-hub backbone: `encoder` must be a "
            f"`SentenceEncoder`. Received: encoder={type(encoder).__name__}"
        )
    embedder_class = _text_embedder_class(model)
    if embedder_class is None:
        return MirrorTextEmbedder(encoder, preprocessor, normalize)
    return embedder_class(
        encoder.backbone,
        embedder_class.preprocessor_cls(
            preprocessor.tokenizer, preprocessor.sequence_length
        ),
        pooling_mode=encoder.pooling_mode,
        normalize=normalize,
    )


def _text_embedder_class(model):
    """The class of keras-hub that can express a model, if there is one."""
    encoder, tokenizer = model.encoder, model.preprocessor.tokenizer
    is_plain = (
        encoder.pooled_layers == "last"
        and encoder.token_weights is None
        and encoder.centering is None
        and encoder.whitening is None
        and encoder.projection is None
        and not model.preprocessor.prompts.text(None)
    )
    for embedder_class in EMBEDDERS:
        tokenizer_class = embedder_class.preprocessor_cls.tokenizer_cls
        if (
            is_plain
            and encoder.pooling_mode in EMBEDDER_POOLING_MODES
            and isinstance(encoder.backbone, embedder_class.backbone_cls)
            and isinstance(tokenizer, tokenizer_class)
        ):
            return embedder_class
    return None


def _warn_of_differences(encoder, is_ours: bool) -> None:
    """Warns of what `keras_hub`'s own `from_preset` does not restore."""
    backbone = encoder.backbone
    plain = _smallest_like(backbone)
    lost = []
    if is_ours:
        lost.append(
            f"the pooling ({encoder.pooling_mode}, {encoder.pooled_layers}, "
            f"frequency_smoothing={encoder.frequency_smoothing})"
        )
    if encoder.centered:
        lost.append("the mean that is subtracted")
    if encoder.whitened:
        lost.append("the whitening")
    if encoder.projection_dim:
        lost.append(f"the projection to {encoder.projection_dim} dimensions")
    if activation_of(plain) != activation_of(backbone):
        lost.append(f"the activation ({activation_of(backbone)})")
    if layer_norm_epsilon_of(plain) != layer_norm_epsilon_of(backbone):
        lost.append(f"the epsilon ({layer_norm_epsilon_of(backbone)})")
    if lost:
        warnings.warn(
            f"A keras-hub preset cannot hold {', '.join(lost)}. "
            "`MirrorModel.from_preset` loads the whole model, `keras_hub`'s "
            "own `from_preset` loads it without that.",
            stacklevel=4,
        )


def _smallest_like(backbone):
    """A new backbone of the same class and options, with few weights.

    It shows the activation and the epsilon that are fixed in keras-hub's code.
    """
    sizes = {
        "vocabulary_size": 1,
        "num_layers": getattr(backbone, "num_groups", 1),  # ALBERT's
    }
    config = backbone.get_config()
    config.update({name: sizes[name] for name in sizes if name in config})
    return type(backbone).from_config(config)
