from keras_mirror.assembly import assemble
from keras_mirror.interop.export import export
from keras_mirror.interop.keras_hub.preset import save_to_preset
from keras_mirror.interop.keras_hub.text_embedder import text_embedder_parts
from keras_mirror.interop.keras_hub.text_embedder import to_text_embedder
from keras_mirror.quantization import quantize
from keras_mirror.recipes import get_recipe


class Portable:
    """The methods of `MirrorModel` that bring it to other libraries, and back.

    Each is one call of a function that has the work to itself.
    """

    @classmethod
    def from_text_embedder(cls, embedder, recipe="sentence", **overrides):
        """A model with the weights of a keras-hub `TextEmbedder`, copied.

        Args:
            embedder: A `keras_hub.models.BertTextEmbedder`,
                `XLMRobertaTextEmbedder`, or what `to_text_embedder` gave,
                with its preprocessor. Its pooling and its `sequence_length`
                are taken over. What it was normalised to is not: vectors are
                as long as they come.
            recipe: As in `from_preset`.
            **overrides: As in `from_preset`.

        Returns:
            A `MirrorModel`.

        Raises:
            ValueError: The embedder is of another kind, or has no
                preprocessor.

        Example:

        >>> embedder = model.to_text_embedder()
        >>> copy = type(model).from_text_embedder(embedder)
        """
        dropout = get_recipe(recipe, **overrides).dropout
        parts = text_embedder_parts(embedder, dropout)
        return cls(*assemble(parts, recipe, overrides))

    def export(self, filepath, format="sentence-transformers", **options):
        """Writes this model for other libraries, without an optimizer.

        Nothing that exists is overwritten.

        Args:
            filepath: String or path of what is written.
            format: String, one of `keras_mirror.interop.EXPORTERS`. Defaults
                to `"sentence-transformers"`: a folder that
                `sentence_transformers.SentenceTransformer` and
                `transformers.AutoModel` load.
            **options: Of the format.

        Raises:
            FileExistsError: `filepath` exists.
            ValueError: There is no such format, or it cannot express this
                model.
        """
        export(self, filepath, format, **options)

    def quantize(self, mode=None, config=None):
        """Stores kernels and embeddings in a byte a weight, in place.

        Keras's own quantization. Products are still of floats, so that this
        model is as fast as before. It is there to encode, to be saved and to
        be exported: its optimizer is dropped.

        Args:
            mode: `"int8"`.
            config: A `keras.quantizers.QuantizationConfig`. Defaults to
                `None`: Keras's own.

        Raises:
            ValueError: Another mode, or a model that is quantized already.

        Example:

        ```python
        model.quantize("int8")
        model.save("small.keras")
        ```
        """
        quantize(self, mode, config)

    def to_text_embedder(self, normalize=True):
        """The same encoder as a `keras_hub.models.TextEmbedder`.

        It shares this model's weights. Texts that keras-hub tokenizes in
        another way (a `[MASK]` in a text, `ß`, invisible characters) get
        other vectors from keras-hub's own classes.

        Args:
            normalize: Boolean, whether vectors have length 1. Defaults to
                `True`, as in keras-hub.

        Returns:
            A `BertTextEmbedder` or an `XLMRobertaTextEmbedder` where these
            can express the model; a `keras_mirror.interop.MirrorTextEmbedder`
            otherwise.

        Example:

        >>> embedder = model.to_text_embedder()
        >>> embedder.encode_text(["a man plays"], verbose=0).shape[0]
        1
        """
        return to_text_embedder(self, normalize)

    def save_to_preset(self, folder):
        """Writes a keras-hub preset: `from_preset(folder)` gives it back.

        `keras_hub.models.Backbone.from_preset` and `Tokenizer.from_preset`
        load it too, and `TextEmbedder.from_preset` where keras-hub can
        express the model; a warning says where it cannot.

        Args:
            folder: String or path of a new folder.

        Raises:
            FileExistsError: `folder` exists.
        """
        save_to_preset(self, folder)
