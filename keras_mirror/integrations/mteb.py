import os
import pathlib
from collections.abc import Iterable

from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.integrations.load_model import as_model

try:
    from mteb.models.model_meta import ModelMeta
    from mteb.models.model_meta import ScoringFunction
    from mteb.similarity_functions import cos_sim
    from mteb.similarity_functions import pairwise_cos_sim
except ImportError as error:
    raise ImportError(
        f"mteb cannot be imported: {error}. Install it: "
        "`pip install keras-mirror[mteb]`"
    ) from error


class MTEBEncoder:
    """Wraps a mirror model for the `mteb` library, for any text task.

    Follows mteb's `EncoderProtocol`, so that `mteb.evaluate` takes it like
    any other model. The embeddings are those of `MirrorModel.encode_text`.

    mteb stores results by the name and the revision of a model, and does not
    repeat a task that has results. The revision is a fingerprint of weights and
    settings, so a trained model counts as a new one.

    Reference:
        - [Muennighoff et al., 2023](https://arxiv.org/abs/2210.07316)

    Args:
        model: A `MirrorModel`, or the path of its `.keras` archive.
        name: String, the model's name in mteb's results. Without an
            organization, `"keras_mirror/"` is put before it. Defaults to
            `None`: the archive's file name, or the name of the Keras model.

    Example:

    >>> encoder = MTEBEncoder(model, name="tiny")
    >>> encoder.mteb_model_meta.name
    'keras_mirror/tiny'

    ```python
    import mteb

    encoder = MTEBEncoder("encoder.keras")
    results = mteb.evaluate(encoder, mteb.get_tasks(tasks=["STS12", "STS13"]))
    ```
    """

    def __init__(self, model, name: str | None = None) -> None:
        if isinstance(model, (str, os.PathLike)):
            name = name or pathlib.Path(model).stem
        self.model = as_model(model)
        name = name or self.model.name
        self.name = name if "/" in name else f"keras_mirror/{name}"

    def encode(
        self,
        inputs: Iterable[dict],
        *,
        batch_size: int | None = None,
        precision: str | None = None,
        **kwargs,
    ):
        """Embeds the texts of a task.

        Args:
            inputs: Iterable of batches, dicts with a list of strings under
                `"text"`: a data loader of mteb.
            batch_size: Integer, see `MirrorModel.encode_text`. Defaults to
                `None`; `mteb.evaluate` asks for `32`, or for what its
                `encode_kwargs` say.
            precision: `None` or `"float32"`.
            **kwargs: Not used: the task, the split, the subset, and whether
                the texts are queries.

        Returns:
            A float32 NumPy array of shape `(num_texts, embedding_dim)`.

        Raises:
            ValueError: The inputs are not only text, or `precision` is
                something else.

        Example:

        >>> batches = [{"text": ["a man plays", "a woman"]}, {"text": ["run"]}]
        >>> MTEBEncoder(model).encode(batches).shape[0]
        3
        """
        if precision not in (None, "float32"):
            raise ValueError(
                "`precision` must be None or 'float32', which is what a "
                f"mirror model gives. Received: precision={precision!r}"
            )
        texts = [text for batch in inputs for text in _texts(batch)]
        return self.model.encode_text(texts, batch_size=batch_size)

    # mteb calls these two with NumPy arrays or PyTorch tensors, with matrices
    # or single vectors, and expects tensors.

    def similarity(self, embeddings1, embeddings2):
        """Cosines of all pairs of rows of two arrays.

        Args:
            embeddings1: Array of shape `(n, embedding_dim)`.
            embeddings2: Array of shape `(m, embedding_dim)`.

        Returns:
            A PyTorch tensor of shape `(n, m)`.

        Example:

        >>> vectors = [[3.0, 0.0], [0.0, 2.0]]
        >>> MTEBEncoder(model).similarity(vectors, vectors).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        return cos_sim(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1, embeddings2):
        """Cosines of the rows of two arrays with the same index.

        Args:
            embeddings1: Array of shape `(n, embedding_dim)`.
            embeddings2: Array of the same shape.

        Returns:
            A PyTorch tensor of shape `(n,)`.

        Example:

        >>> vectors = [[3.0, 0.0], [0.0, 2.0]]
        >>> MTEBEncoder(model).similarity_pairwise(vectors, vectors).tolist()
        [1.0, 1.0]
        """
        return pairwise_cos_sim(embeddings1, embeddings2)

    @property
    def mteb_model_meta(self) -> ModelMeta:
        """The description of the model that mteb writes beside its results."""
        return ModelMeta(
            name=self.name,
            revision=fingerprint(self.model),
            loader=None,
            framework=["TensorFlow", "JAX", "PyTorch"],
            similarity_fn_name=ScoringFunction.COSINE,
            embed_dim=self.model.encoder.output_shape[-1],
            max_tokens=self.model.preprocessor.sequence_length,
            n_parameters=self.model.count_params(),
            use_instructions=False,
            memory_usage_mb=None,
            # Unknown for a user's model.
            release_date=None,
            languages=None,
            license=None,
            open_weights=None,
            public_training_code=None,
            public_training_data=None,
            training_datasets=None,
        )


def _texts(batch: dict) -> list[str]:
    others = {"image", "audio", "video"}.intersection(batch)
    if "text" not in batch or others:
        raise ValueError(
            "A mirror model encodes text only: batches must have strings under "
            "'text' and no images, audio or video. "
            f"Received: a batch with {sorted(batch)}"
        )
    return batch["text"]
