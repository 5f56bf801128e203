import keras
import keras_hub
from keras import ops

from keras_mirror.archive.known_objects import check_objects
from keras_mirror.metrics.unit_length import unit_length
from keras_mirror.unit_rows import check_rows


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorTextEmbedder(keras_hub.models.TextEmbedder):
    """A `SentenceEncoder` as a keras-hub task.

    `MirrorModel.to_text_embedder` returns it if no class of keras-hub can
    express the model: a backbone other than BERT and XLM-R, a pooling of two
    layers, weighted tokens, or a subtracted mean. Strings go through the
    model's own preprocessor, so embeddings are those of the model.

    Args:
        encoder: A `SentenceEncoder`.
        preprocessor: A `MirrorPreprocessor`.
        normalize: Boolean, whether vectors have length 1. Defaults to `True`.
        **kwargs: Passed to `keras_hub.models.TextEmbedder`.

    Example:

    >>> embedder = MirrorTextEmbedder(model.encoder, model.preprocessor)
    >>> vectors = embedder.encode_text(["a man plays", "a woman"], verbose=0)
    >>> np.linalg.norm(vectors, axis=-1).round(3).tolist()
    [1.0, 1.0]
    """

    def __init__(self, encoder, preprocessor, normalize: bool = True, **kwargs):
        # === Layers ===
        self.backbone = encoder.backbone
        self.preprocessor = preprocessor

        # === Functional Model ===
        inputs = encoder.input
        outputs = encoder(inputs)
        if normalize:
            outputs = unit_length(outputs)
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.encoder = encoder
        self.normalize = normalize

    def similarity(self, query_embeddings, document_embeddings):
        """Dot products of all rows; cosines if vectors are normalized.

        Args:
            query_embeddings: Array of shape `(n, embedding_dim)`.
            document_embeddings: Array of shape `(m, embedding_dim)`.

        Returns:
            A tensor of shape `(n, m)`.

        Raises:
            ValueError: An array is not a matrix, or the two differ in
                `embedding_dim`.
        """
        check_rows(query_embeddings, document_embeddings)
        return ops.matmul(query_embeddings, ops.transpose(document_embeddings))

    def save_to_preset(self, preset_dir, max_shard_size=10):
        # On loading, keras-hub would look for a class in its own package.
        raise NotImplementedError(
            "A `MirrorTextEmbedder` cannot be saved as a preset. Use "
            "`MirrorModel.save_to_preset`, or `save` for a .keras file"
        )

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "encoder": serialize(self.encoder),
            "preprocessor": serialize(self.preprocessor),
            "normalize": self.normalize,
        }

    @classmethod
    def from_config(cls, config: dict) -> "MirrorTextEmbedder":
        check_objects(config)
        config = dict(config)
        for name in ("encoder", "preprocessor"):
            part = keras.saving.deserialize_keras_object(config[name])
            config[name] = part
        return cls(**config)
