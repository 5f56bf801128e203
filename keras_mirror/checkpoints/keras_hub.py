import contextlib
import os
import pathlib

import keras_hub

from keras_mirror.archive.declared_sizes import check_declared
from keras_mirror.archive.known_objects import TOKENIZER_FILE
from keras_mirror.archive.known_objects import backbones_of
from keras_mirror.archive.known_objects import check_objects
from keras_mirror.archive.weight_budget import weight_budget
from keras_mirror.archive.weight_count import count_in_file
from keras_mirror.checkpoints.mirror_files import encoding_fields
from keras_mirror.checkpoints.mirror_files import read_mirror_files
from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.encoder.backbone_settings import activation_of
from keras_mirror.encoder.backbone_settings import copy_backbone
from keras_mirror.encoder.backbone_settings import layer_norm_epsilon_of
from keras_mirror.encoder.mirror_text_embedder import MirrorTextEmbedder
from keras_mirror.files import inner_path
from keras_mirror.files import read_json

# keras-hub's text embedders for masked language models, and their poolings.
EMBEDDERS = (
    keras_hub.models.BertTextEmbedder,
    keras_hub.models.XLMRobertaTextEmbedder,
)
EMBEDDER_POOLING_MODES = ("mean", "cls", "max")
_SHARDS = "model.weights.json"


def load_keras_hub(preset: str, dropout: float, dtype=None) -> PresetParts:
    """Loads a preset of keras-hub, with the files that this package adds.

    Args:
        preset: String, a folder, or a name or handle that keras-hub knows.
        dropout: Float, the rate of all dropouts of the backbone.
        dtype: A dtype policy. Defaults to `None`: the global one.

    Returns:
        A `PresetParts`.
    """
    ours = {}
    budget: contextlib.AbstractContextManager = contextlib.nullcontext()
    if os.path.isdir(preset):
        folder = pathlib.Path(preset)
        budget = weight_budget(*_check_files(folder))
        ours = read_mirror_files(folder)
    with budget:
        backbone = keras_hub.models.Backbone.from_preset(
            preset, dropout=dropout, dtype=dtype
        )
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(preset)
    split_on_cjk = ours.pop("split_on_cjk", None)
    if split_on_cjk is not None:
        tokenizer.split_on_cjk = split_on_cjk
    return PresetParts(backbone, tokenizer, **ours)


def text_embedder_parts(embedder, dropout: float) -> PresetParts:
    """The parts of a keras-hub text embedder, with copied weights.

    Args:
        embedder: See `MirrorModel.from_text_embedder`.
        dropout: Float, the rate of all dropouts of the backbone.

    Returns:
        A `PresetParts`.

    Raises:
        ValueError: The embedder is of another kind or has no preprocessor.

    Example:

    >>> text_embedder_parts(model.to_text_embedder(), 0.2).backbone.dropout
    0.2
    """
    if not isinstance(embedder, (MirrorTextEmbedder, *EMBEDDERS)):
        names = [kind.__name__ for kind in (*EMBEDDERS, MirrorTextEmbedder)]
        raise ValueError(
            f"`embedder` must be one of {names}. "
            f"Received: embedder={type(embedder).__name__}"
        )
    if embedder.preprocessor is None:
        raise ValueError(
            "`embedder` must have a preprocessor: a mirror model needs its "
            "tokenizer. Received: an embedder with preprocessor=None"
        )
    counts = mean = kernel = projection = None
    encoder = embedder
    if isinstance(embedder, MirrorTextEmbedder):
        encoder = embedder.encoder
        if encoder.token_weights is not None:
            counts = encoder.token_weights.counts.numpy()
        if encoder.centering is not None:
            mean = encoder.centering.mean.numpy()
        if encoder.whitening is not None:
            kernel = encoder.whitening.kernel.numpy()
        if encoder.projection is not None:
            projection = encoder.projection.kernel.numpy()
    return PresetParts(
        backbone=copy_backbone(embedder.backbone, dropout=dropout),
        tokenizer=embedder.preprocessor.tokenizer,
        activation=activation_of(embedder.backbone),
        layer_norm_epsilon=layer_norm_epsilon_of(embedder.backbone),
        fields=encoding_fields(encoder, embedder.preprocessor.sequence_length),
        token_counts=counts,
        mean=mean,
        whitening=kernel,
        projection=projection,
    )


def _check_files(folder: pathlib.Path) -> tuple[int, int]:
    """Checks what keras-hub is going to build, and counts its weights."""
    number = num_arrays = 0
    for path in _weight_files(folder):
        with open(path, "rb") as file:
            count = count_in_file(file, path.stat().st_size)
        number += sum(count.numbers.values())
        num_arrays += count.num_arrays
    for path in (folder / "config.json", folder / TOKENIZER_FILE):
        content = read_json(path, default={})
        try:
            check_objects(content)
            check_declared(backbones_of(content), number)
        except ValueError as error:
            raise ValueError(f"'{path}' cannot be loaded: {error}") from error
    return number, num_arrays


def _weight_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files of weights, including those that an index names."""
    paths = set(folder.glob("*.weights.h5"))
    shards = read_json(folder / _SHARDS, default={}).get("weight_map") or {}
    for names in shards.values():
        for name in names if isinstance(names, list) else [names]:
            paths.add(inner_path(folder, str(name)))
    return sorted(paths)
