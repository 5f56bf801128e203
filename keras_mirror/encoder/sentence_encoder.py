import functools

import keras
from keras import ops

from keras_mirror.archive.declared_sizes import declared_weights
from keras_mirror.arguments import check_integer
from keras_mirror.encoder.backbone_settings import set_activation
from keras_mirror.encoder.backbone_settings import set_layer_norm_epsilon
from keras_mirror.encoder.flat_projections import flatten_projections
from keras_mirror.encoder.lean_dropout import lean_dropouts
from keras_mirror.encoder.lean_normalization import lean_normalizations
from keras_mirror.encoder.trained_weights import LoraWeights
from keras_mirror.encoder.trained_weights import frozen_weights
from keras_mirror.encoder.trained_weights import set_trained
from keras_mirror.encoder.trained_weights import trained_config
from keras_mirror.layers import Centering
from keras_mirror.layers import Projection
from keras_mirror.layers import SentencePooling
from keras_mirror.layers import TokenWeights
from keras_mirror.layers import Whitening
from keras_mirror.layers.drop_head import set_drophead
from keras_mirror.recipes import POOLED_LAYERS

# XLM-R large, the largest text encoder among keras-hub presets, has 5.6e8.
MAX_WEIGHTS = 2**31
# Only a damaged or hostile archive asks for more.
MAX_DIMENSIONS = 2**16


@keras.saving.register_keras_serializable(package="keras_mirror")
class SentenceEncoder(keras.Model):
    """A keras-hub backbone and a pooling: turns token ids into embeddings.

    It has the same two inputs for every backbone: if a backbone needs segment
    ids, they are zeros created inside. A pooler of the backbone is not used and
    does not train.

    Args:
        backbone: A `keras_hub.models.Backbone` of text with the inputs
            `"token_ids"` and `"padding_mask"` (BERT, RoBERTa, XLM-R,
            DistilBERT, ALBERT, ELECTRA, DeBERTa-v3 and others).
        pooling_mode: String, see `keras_mirror.layers.SentencePooling`.
            Defaults to `"cls"`.
        activation: String. Replaces the activation that keras-hub fixed in the
            backbone, see `keras_mirror.encoder.backbone_settings`. Defaults to
            `None`: keras-hub's activation.
        layer_norm_epsilon: Float. Replaces the epsilon of the backbone's layer
            normalizations. Defaults to `None`: keras-hub's epsilon.
        drophead: Float in `[0, 1)`, the probability of dropping an attention
            head in training, see `keras_mirror.layers.DropHead`. Defaults
            to `0`.
        pooled_layers: String. `"last"` pools the output of the last layer,
            `"first_last"` the mean of the first and the last layer's: see
            [Su et al., 2021](https://arxiv.org/abs/2103.15316). Defaults to
            `"last"`.
        frequency_smoothing: Float. Makes the mean over tokens a weighted one,
            see `keras_mirror.layers.TokenWeights`. Defaults to `None`: equal
            weights.
        centered: Boolean. Whether a mean is subtracted from every embedding,
            in training too, see `keras_mirror.layers.Centering`. The mean is
            0 until `MirrorModel.centered` sets it. Defaults to `False`.
        whitened: Boolean. Whether every embedding is then multiplied by a
            matrix, in training too, see `keras_mirror.layers.Whitening`. It
            is the identity until `MirrorModel.whitened` sets it. Defaults to
            `False`.
        projection_dim: Positive integer, the dimensions to which every
            embedding is then projected, see `keras_mirror.layers.Projection`.
            It trains until `MirrorModel.reduced` sets it. Defaults to `None`:
            no projection.
        **kwargs: Passed to `keras.Model`.

    Input shape:
        A dict of `"token_ids"` and `"padding_mask"`, both
        `(batch_size, sequence_length)`.

    Output shape:
        `(batch_size, embedding_dim)`, float32, not normalized.

    Example:

    >>> encoder = SentenceEncoder(backbone, pooling_mode="mean")
    >>> features = preprocessor(["a man plays", "a woman"])
    >>> encoder(features).shape[0]
    2
    """

    def __init__(
        self,
        backbone,
        pooling_mode: str = "cls",
        activation: str | None = None,
        layer_norm_epsilon: float | None = None,
        drophead: float = 0.0,
        pooled_layers: str = "last",
        frequency_smoothing: float | None = None,
        centered: bool = False,
        whitened: bool = False,
        projection_dim: int | None = None,
        **kwargs,
    ):
        _check_pooling(pooling_mode, pooled_layers, frequency_smoothing)
        _check_names(kwargs)

        # === Layers ===
        pooling = SentencePooling(pooling_mode, name="pooling")
        centering = Centering(name="centering") if centered else None
        whitening = Whitening(name="whitening") if whitened else None
        projection = None
        if projection_dim is not None:
            check_integer("projection_dim", projection_dim, 1, MAX_DIMENSIONS)
            projection = Projection(projection_dim, name="projection")
        token_weights = None
        if frequency_smoothing is not None:
            token_weights = TokenWeights(
                backbone.token_embedding.input_dim, frequency_smoothing
            )
        if activation is not None:
            set_activation(backbone, activation)
        if layer_norm_epsilon is not None:
            set_layer_norm_epsilon(backbone, layer_norm_epsilon)
        frozen_as_built = _freeze_unused_layers(backbone)
        flatten_projections(backbone)
        lean_dropouts(backbone)
        lean_normalizations(backbone)
        drop_heads = set_drophead(backbone, drophead) if drophead else []

        # === Functional Model ===
        inputs = {
            name: keras.Input((None,), dtype="int32", name=name)
            for name in ("token_ids", "padding_mask")
        }
        tokens = _tokens(backbone, inputs, pooled_layers)
        pooled = [tokens, inputs["padding_mask"]]
        if token_weights is not None:
            pooled.append(token_weights(**inputs))
        outputs = pooling(*pooled)
        if centering is not None:
            outputs = centering(outputs)
        if whitening is not None:
            outputs = whitening(outputs)
        if projection is not None:
            outputs = projection(outputs)
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.backbone = backbone
        self.dtype_policy = backbone.dtype_policy
        self.pooling_mode = pooling_mode
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon
        self.drophead = drophead
        self.drop_heads = drop_heads  # tracks random state
        self.pooled_layers = pooled_layers
        self.frequency_smoothing = frequency_smoothing
        self.token_weights = token_weights
        self.centered = centered
        self.centering = centering
        self.whitened = whitened
        self.whitening = whitening
        self.projection_dim = projection_dim
        self.projection = projection
        self.frozen_as_built = frozen_as_built

    @functools.cached_property  # Keras does not count its weights twice then
    def lora_weights(self) -> LoraWeights:
        """The adapters in an archive; Keras loads them after layers."""
        return LoraWeights(self)

    def _run_through_graph(self, inputs, **kwargs):
        # Keras 3.15 clones a functional model layer by layer without its class:
        # the activation, the epsilon and what trains would be lost.
        function = kwargs.get("operation_fn")
        if getattr(function, "__module__", "").endswith(".cloning"):
            raise ValueError(
                "`keras.models.clone_model` loses settings of a "
                "`SentenceEncoder`. Call `copy.deepcopy(encoder)` for a copy, "
                "or `SentenceEncoder.from_config(encoder.get_config())` for a "
                f"copy with new weights. Received: '{self.name}'"
            )
        return super()._run_through_graph(inputs, **kwargs)

    def get_config(self) -> dict:
        config = {
            "name": self.name,
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "pooling_mode": self.pooling_mode,
            "activation": self.activation,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "drophead": self.drophead,
            "pooled_layers": self.pooled_layers,
            "frequency_smoothing": self.frequency_smoothing,
        }
        # Left out otherwise, so that fingerprints of older models stay valid.
        ends = {
            "centered": self.centered,
            "whitened": self.whitened,
            "projection_dim": self.projection_dim,
        }
        ends = {name: end for name, end in ends.items() if end}
        return {**config, **ends, **trained_config(self)}

    @classmethod
    def from_config(cls, config: dict) -> "SentenceEncoder":
        config = dict(config)
        trained = {name: config.pop(name, None) for name in ("lora", "frozen")}
        if isinstance(config["backbone"], dict):
            _check_size(config["backbone"]["config"])
            backbone = keras.saving.deserialize_keras_object(config["backbone"])
            config["backbone"] = backbone
        encoder = cls(**config)
        set_trained(encoder, **trained)
        return encoder


def _check_size(config: dict) -> None:
    """Refuses sizes that only a damaged or hostile archive would ask for."""
    num_weights = declared_weights(config)
    if num_weights > MAX_WEIGHTS:
        raise ValueError(
            f"A backbone must have at most {MAX_WEIGHTS} weights. "
            f"Received: {num_weights}"
        )


def _check_pooling(
    pooling_mode: str, pooled_layers: str, frequency_smoothing: float | None
) -> None:
    if pooled_layers not in POOLED_LAYERS:
        raise ValueError(
            f"`pooled_layers` must be one of {POOLED_LAYERS}. "
            f"Received: pooled_layers={pooled_layers!r}"
        )
    if frequency_smoothing is not None and pooling_mode != "mean":
        raise ValueError(
            "`frequency_smoothing` weighs the tokens of a mean: it needs "
            f"pooling_mode='mean'. Received: pooling_mode={pooling_mode!r}"
        )


def _check_names(kwargs: dict) -> None:
    # A functional model would accept and ignore any argument.
    unknown = {*kwargs} - {"name", "trainable", "dtype"}
    if unknown:
        raise TypeError(
            "`SentenceEncoder` has no such arguments. "
            f"Received: {', '.join(sorted(unknown))}"
        )


def _tokens(backbone, inputs: dict, pooled_layers: str):
    """Vectors of tokens, `(batch_size, sequence_length, embedding_dim)`."""
    inputs = _backbone_inputs(backbone, inputs)
    if pooled_layers == "last":
        return _sequence_output(backbone(inputs))
    layers = [layer for layer in backbone.layers if hasattr(layer, "num_heads")]
    outputs = [layers[0].output, _sequence_output(backbone.output)]
    both = keras.Model(backbone.input, outputs)(inputs)
    # Even under a global policy of half precision, like the pooling after it.
    return keras.layers.average(both, dtype="float32")


def _backbone_inputs(backbone, inputs: dict) -> dict:
    names = set(backbone.input) if isinstance(backbone.input, dict) else set()
    if not {"token_ids", "padding_mask"} <= names <= {*inputs, "segment_ids"}:
        raise ValueError(
            "`backbone` must be a text encoder of keras-hub with the inputs "
            "'token_ids' and 'padding_mask'. "
            f"Received: backbone={type(backbone).__name__} with the inputs "
            f"{sorted(names)}"
        )
    segment_ids = ops.zeros_like(inputs["token_ids"])
    everything = {**inputs, "segment_ids": segment_ids}
    return {name: everything[name] for name in names}


def _sequence_output(outputs):
    if isinstance(outputs, dict):
        return outputs["sequence_output"]
    return outputs


def _freeze_unused_layers(backbone) -> list[str]:
    """Freezes a pooler, for whose missing gradients Keras would warn.

    Returns the paths of its weights.
    """
    output = _sequence_output(backbone.output)
    used = keras.Model(backbone.input, output).layers
    frozen = []
    for layer in backbone.layers:
        if layer not in used:
            layer.trainable = False
            frozen += frozen_weights(layer)
    return frozen


def projection_head(embedding_dim: int):
    """Makes two dense layers between embeddings and loss, for training only.

    The loss then acts on the outputs of the head, and the embeddings keep
    information that the loss would remove. The head computes in float32, like
    the pooling.

    Reference:
        - [Chen et al., 2020](https://arxiv.org/abs/2002.05709), section 4.2
        - [Gao et al., 2021](https://arxiv.org/abs/2104.08821), whose
          unsupervised models drop their head (of one layer) after training

    Args:
        embedding_dim: Integer, the size of inputs, hidden layer and outputs.

    Returns:
        A built `keras.Sequential`.

    Example:

    >>> projection_head(8).output_shape
    (None, 8)
    """
    layers = [
        keras.layers.Dense(embedding_dim, activation="gelu", dtype="float32"),
        keras.layers.Dense(embedding_dim, dtype="float32"),
    ]
    inputs = keras.Input((embedding_dim,), dtype="float32")
    return keras.Sequential([inputs, *layers], name="projection_head")
