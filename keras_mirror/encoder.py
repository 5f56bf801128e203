import keras
from keras import ops

from keras_mirror.backbones import set_activation
from keras_mirror.backbones import set_layer_norm_epsilon
from keras_mirror.drophead import set_drophead
from keras_mirror.flat_projections import flatten_projections
from keras_mirror.layers import SentencePooling

# XLM-R large, the largest text encoder among keras-hub presets, has 5.6e8.
MAX_WEIGHTS = 2**31


@keras.saving.register_keras_serializable(package="keras_mirror")
class SentenceEncoder(keras.Model):
    """A keras-hub backbone and a pooling: token ids in, one vector a text out.

    Has the same two inputs for every backbone: segment ids, where a backbone
    wants them, are zeros made inside. A pooler of the backbone is not used
    and does not train.

    Args:
        backbone: A `keras_hub.models.Backbone` of text with the inputs
            `"token_ids"` and `"padding_mask"` (BERT, RoBERTa, XLM-R,
            DistilBERT, ALBERT, ELECTRA, DeBERTa-v3 and others).
        pooling_mode: String, see `keras_mirror.layers.SentencePooling`.
            Defaults to `"cls"`.
        activation: String. Replaces the activation that keras-hub wrote into
            the backbone, see `keras_mirror.backbones.set_activation`.
            Defaults to `None`: stays as it is.
        layer_norm_epsilon: Float. Replaces the epsilon of the backbone's
            layer normalisations. Defaults to `None`: stays as it is.
        drophead: Float in `[0, 1)`, the chance of an attention head to be
            dropped in training, see `keras_mirror.layers.DropHead`. Defaults
            to `0`.
        **kwargs: Passed to `keras.Model`.

    Input shape:
        A dict of `"token_ids"` and `"padding_mask"`, both
        `(batch_size, sequence_length)`.

    Output shape:
        `(batch_size, embedding_dim)`, float32, not normalised.

    Example:

    >>> encoder = SentenceEncoder(backbone, pooling_mode="mean")
    >>> features = preprocessor(["a man plays", "a woman"])
    >>> encoder(features).shape[0]
    2
    """

    def __init__(
        self,
        backbone,
        pooling_mode="cls",
        activation=None,
        layer_norm_epsilon=None,
        drophead=0.0,
        **kwargs,
    ):
        # === Layers ===
        pooling = SentencePooling(pooling_mode, name="pooling")
        if activation is not None:
            set_activation(backbone, activation)
        if layer_norm_epsilon is not None:
            set_layer_norm_epsilon(backbone, layer_norm_epsilon)
        _freeze_unused_layers(backbone)
        flatten_projections(backbone)
        drop_heads = set_drophead(backbone, drophead) if drophead else []

        # === Functional Model ===
        inputs = {
            name: keras.Input((None,), dtype="int32", name=name)
            for name in ("token_ids", "padding_mask")
        }
        outputs = backbone(_backbone_inputs(backbone, inputs))
        outputs = pooling(_sequence_output(outputs), inputs["padding_mask"])
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.backbone = backbone
        self.dtype_policy = backbone.dtype_policy
        self.pooling_mode = pooling_mode
        self.activation = activation
        self.layer_norm_epsilon = layer_norm_epsilon
        self.drophead = drophead
        self.drop_heads = drop_heads  # their random state is the model's

    def get_config(self):
        return {
            "name": self.name,
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "pooling_mode": self.pooling_mode,
            "activation": self.activation,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "drophead": self.drophead,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        _check_size(config["backbone"]["config"])
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**{**config, "backbone": backbone})


def _check_size(config):
    """Refuses sizes that only a damaged or hostile archive would ask for."""
    sizes = {
        name: config.get(name, 1)
        for name in ("vocabulary_size", "num_layers", "hidden_dim")
        + ("intermediate_dim", "max_sequence_length")
    }
    rows = sizes["vocabulary_size"] + sizes["max_sequence_length"]
    wide = 4 * sizes["hidden_dim"] + 2 * sizes["intermediate_dim"]
    num_weights = (rows + sizes["num_layers"] * wide) * sizes["hidden_dim"]
    if num_weights > MAX_WEIGHTS:
        raise ValueError(
            f"A backbone must have at most {MAX_WEIGHTS} weights. "
            f"Received: {num_weights}, from {sizes}"
        )


def _backbone_inputs(backbone, inputs):
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


def _freeze_unused_layers(backbone):
    """Keeps a pooler out of training, which would warn of its gradients."""
    output = _sequence_output(backbone.output)
    used = keras.Model(backbone.input, output).layers
    for layer in backbone.layers:
        if layer not in used:
            layer.trainable = False
