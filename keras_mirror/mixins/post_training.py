import keras


class PostTrainingMixin(keras.Model):
    """Changes what a trained model computes, without training it.

    `centered`, `whitened` and `reduced` make a model whose embeddings pass
    another last layer, fitted to texts; `quantize` stores weights as int8. It
    needs a `SentenceEncoder` as the model's `encoder`, and `encode_text`.
    """

    def centered(self, texts, batch_size: int | None = None, on_progress=None):
        """Makes a model whose embeddings have no mean direction.

        The new model subtracts the mean embedding of `texts` from every
        embedding, which helps clusters and can harm similarities: measure it on
        your texts. It shares all weights with this model, so train only one of
        the two. The mean does not change in training.

        Args:
            texts: List of strings, those that the model is for. Of more than
                10,000 different ones, so many are taken from all over them.
            batch_size: Integer, see `encode_text`.
            on_progress: Function of the number of texts just encoded.
                Defaults to `None`.

        Returns:
            A `MirrorModel`, not compiled, without the scores on record.

        Raises:
            ValueError: There are fewer than two different texts, or the
                encoder is no `SentenceEncoder`.

        Example:

        >>> len(model.centered(["a man", "a cat"]).encode_text(["a dog"]))
        1
        """
        from keras_mirror.encoder.centered import centered

        return centered(self, texts, batch_size, on_progress)

    def whitened(self, texts, batch_size: int | None = None, on_progress=None):
        """Makes a model whose embeddings vary equally in all directions.

        The new model multiplies every embedding by a matrix, the inverse square
        root of the second moments of the embeddings of `texts`. For a mirrored
        language model this improves similarities and clusters but can harm
        nearest neighbors; it harms encoders that are good already: see
        benchmarks/results. The model shares all weights with this model, so
        train only one of the two. The matrix does not change in training.

        Differs from the paper in two points. The mean is not subtracted: its
        direction is shortened like all others, and subtracting it first makes
        no difference (call `centered` first to do so). And the second moments
        are shrunk toward those of a sphere, more so for fewer texts.

        Reference:
            - [Su et al., 2021](https://arxiv.org/abs/2103.15316)

        Args:
            texts: List of strings, those that the model is for. Of more than
                10,000 different ones, so many are taken from all over them.
            batch_size: Integer, see `encode_text`.
            on_progress: Function of the number of texts just encoded.
                Defaults to `None`.

        Returns:
            A `MirrorModel`, not compiled, without the scores on record.

        Raises:
            ValueError: There are fewer than two different texts, or the
                encoder is no `SentenceEncoder`.

        Example:

        >>> len(model.whitened(["a man", "a cat"]).encode_text(["a dog"]))
        1
        """
        from keras_mirror.encoder.whitened import whitened

        return whitened(self, texts, batch_size, on_progress)

    def reduced(
        self,
        texts,
        dim: int = 128,
        batch_size: int | None = None,
        on_progress=None,
    ):
        """Makes a model whose embeddings have fewer dimensions.

        The new model projects every embedding onto the main directions of the
        normalized embeddings of `texts`: PCA without centering, the best
        projection for their dot products. The directions are in order, so the
        first numbers of an embedding are the embedding for a smaller `dim`. The
        model shares all weights with this model, so train only one of the two.
        The projection does not change in training.

        What is lost depends on the texts: `keras-mirror reduce` measures it.
        Spearman correlation x 100 of all-MiniLM-L6-v2 on STS-B dev is 86.7 with
        384 dimensions, and 86.7, 85.5 and 83.3 with 256, 128 and 64, fitted on
        10,000 short texts of Wikipedia. Of the ten nearest among 1,120 other
        texts 95, 78 and 62 % stay. A random projection scores the same on STS-B
        but keeps only 71, 49 and 31 %. PCA around the mean is no better, and
        subtracting the mean changes other cosines. Whitened embeddings have no
        main directions.

        Reference:
            - [Zhang et al., 2024](https://arxiv.org/abs/2403.14001), who find
              PCA the best of five ways to halve sentence embeddings

        Args:
            texts: List of strings, those that the model is for, at least as
                many different ones as `dim`. Of more than 10,000, so many are
                taken from all over them.
            dim: Positive integer, the number of dimensions that are left.
                Defaults to `128`.
            batch_size: Integer, see `encode_text`.
            on_progress: Function of the number of texts just encoded.
                Defaults to `None`.

        Returns:
            A `MirrorModel`, not compiled, without the scores on record.

        Raises:
            ValueError: `dim` is larger than the model's dimensions, there are
                too few texts, or the encoder is not a `SentenceEncoder`.

        Example:

        >>> small = model.reduced(["a man", "a cat"], dim=2)
        >>> small.encode_text(["a dog"]).shape
        (1, 2)
        """
        from keras_mirror.encoder.reduced import reduced

        return reduced(self, texts, dim, batch_size, on_progress)

    def quantize(self, mode=None, config=None) -> None:
        """Stores kernels and embeddings as int8, in place, as Keras does.

        Products are still computed in float: the model is not faster. It can
        encode, be saved and be exported; its optimizer is dropped.

        Args:
            mode: `"int8"`.
            config: A `keras.quantizers.QuantizationConfig`, or `None`.

        Raises:
            ValueError: `mode` is something else, or the model is quantized
                already.
        """
        from keras_mirror.encoder.quantization import quantize

        quantize(self, mode, config)
