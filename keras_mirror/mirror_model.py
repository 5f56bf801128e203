"""Mirror-BERT, the whole algorithm:

    texts -> two views -> one encoder, both views in one pass -> the loss

Every string is its own positive. Its two views differ by dropout and by a
random masked span. With f the encoder and x, x' the views of a string, the
loss of an anchor is the paper's Eq. 1,

    -log( exp(cos(f(x), f(x')) / t) / sum_n exp(cos(f(x), f(x_n)) / t) )

with x_n over the other strings of the batch and t the temperature.
"""

import pathlib

import keras
from keras import ops

from keras_mirror.archive.model_card import model_card
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.recorder import RunRecorder
from keras_mirror.data import collect_strings
from keras_mirror.data.mirror_dataset import is_strings
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.distribution import active_replicas
from keras_mirror.distribution import gather_views
from keras_mirror.encoder.encode import encode
from keras_mirror.encoder.mini_batches import in_mini_batches
from keras_mirror.encoder.projection_head import projection_head
from keras_mirror.losses import info_nce
from keras_mirror.metrics.unit_length import unit_rows
from keras_mirror.metrics.view_metrics import ViewMetrics
from keras_mirror.optimizers import AdamW
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.presets import preset_fields
from keras_mirror.presets.load_preset import assemble
from keras_mirror.presets.load_preset import load_parts
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

keras.saving.register_keras_serializable("keras_mirror")(Recipe)


def stack_views(view_1, view_2):
    """Stacks two views into one batch of twice the size.

    One pass over it equals two passes, since dropout is drawn for every row.

    Args:
        view_1: Dict of features of shape `(batch_size, ...)`.
        view_2: Dict of the same features of the other view.

    Returns:
        A dict of features of shape `(2 * batch_size, ...)`.
    """
    return {
        name: ops.concatenate([feature, view_2[name]], axis=0)
        for name, feature in view_1.items()
    }


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorModel(keras.Model):
    """Mirror-BERT: a pretrained language model becomes a text encoder.

    No labels are needed; ten thousand strings and one epoch are enough.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027)

    Args:
        encoder: A `SentenceEncoder`, or any `keras.Model` from the features
            of `preprocessor` to `(batch_size, embedding_dim)`.
        preprocessor: A `MirrorPreprocessor`.
        recipe: A `Recipe`, or the name of one: see `keras_mirror.recipes`.
            Its dropout and pooling describe `encoder` and are not applied to
            it here; `from_preset` does. Defaults to `"sentence"`.
        record: A `TrainingRecord`: where the weights come from, and what
            `fit` did, for the model card. Defaults to `None`: an empty one.
        **kwargs: Passed to `keras.Model`.

    Example:

    ```python
    model = keras_mirror.MirrorModel.from_preset("bert_base_en_uncased")
    ds = keras_mirror.mirror_dataset("sentences.txt", model.preprocessor)
    model.compile()
    model.fit(ds, epochs=1)
    vectors = model.encode_text(["A man is playing a guitar."])
    ```
    """

    def __init__(
        self, encoder, preprocessor, recipe="sentence", record=None, **kwargs
    ):
        kwargs.setdefault("dtype", encoder.dtype_policy)
        super().__init__(**kwargs)
        self.encoder = encoder
        self.preprocessor = preprocessor
        self.recipe = get_recipe(recipe)
        preprocessor.recipe = self.recipe  # `mirror_dataset` follows it
        self.record = _checked_record(record)
        self.projection_head = None
        if self.recipe.projection_head:
            self.projection_head = projection_head(encoder.output_shape[-1])
        self._view_metrics = ViewMetrics()
        self.built = True  # all its weights are those of its parts

    # === The algorithm ===

    def call(self, inputs, training=None):
        features = {k: v for k, v in inputs.items() if k != "string_ids"}
        if not training:
            return self.encoder(features)
        embeddings = self._embed_for_training(features)
        if self.projection_head is None:
            return embeddings
        return self.projection_head(embeddings)

    def train_step(self, *args):
        # Keras passes `(data)` on TensorFlow and PyTorch, `(state, data)` on
        # JAX; the views are always last.
        *state, views = args
        active_replicas().prepare(self)
        return super().train_step(*state, self._stack(views))

    def test_step(self, *args):
        *state, views = args
        return super().test_step(*state, self._stack(views))

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        # The strings of all devices are each other's negatives.
        view_1, view_2, string_ids = gather_views(y_pred, x.get("string_ids"))
        loss = info_nce(
            view_1,
            view_2,
            temperature=self.recipe.temperature,
            string_ids=string_ids,
            max_negative_similarity=self.recipe.max_negative_similarity,
            decoupled=self.recipe.decoupled,
        )
        return active_replicas().scale_loss(loss)

    def _stack(self, views):
        # Keras may add `None` for labels or sample weights.
        return stack_views(*active_replicas().shard(views[:2]))

    def _embed_for_training(self, features):
        token_weights = getattr(self.encoder, "token_weights", None)
        if token_weights is not None:
            token_weights.count(**features)
        size = self.recipe.mini_batch_size
        if size is None:
            return self.encoder(features, training=True)
        return in_mini_batches(self.encoder, features, size)

    # === Training ===

    def compile(
        self,
        optimizer="auto",
        loss=None,
        metrics=None,
        jit_compile="auto",
        **kwargs,
    ):
        """Configures training; without arguments, as the recipe says.

        Args:
            optimizer: A `keras.Optimizer` or its name. Defaults to `"auto"`:
                `keras_mirror.optimizers.AdamW`, PyTorch's, with the recipe's
                learning rate and weight decay, as in the original code.
            loss: Not taken: InfoNCE is built in.
            metrics: List of names out of `"alignment"`, `"similarity_gap"`,
                `"uniformity"`, `"mean_vector_norm"` and `"isotropy_score"`:
                see `keras_mirror.metrics`. `fit` and `evaluate` give their
                means over the batches; the last three see view 1 only, and
                the last one costs more than the others together. Defaults to
                `None`.
            jit_compile: Boolean, or `"auto"`, which an archive leaves to the
                backend that loads it. Defaults to `"auto"`.
            **kwargs: Passed to `keras.Model.compile`.
        """
        if loss is not None:
            raise ValueError(
                "`MirrorModel` has its loss built in (InfoNCE over two "
                "views): call `compile()` without one. "
                f"Received: loss={loss}"
            )
        view_metrics = ViewMetrics(metrics)
        if optimizer == "auto":
            optimizer = AdamW(
                learning_rate=self.recipe.learning_rate,
                weight_decay=self.recipe.weight_decay,
            )
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        self._view_metrics = view_metrics
        self._given_jit_compile = jit_compile
        # An archive holds the optimizer's state also before the first step.
        self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self):
        return super().metrics + self._view_metrics.trackers

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        replicas = active_replicas()
        if self._view_metrics.names:
            self._view_metrics.update_state(*replicas.gather([y_pred]))
        logs = super().compute_metrics(x, y, y_pred, sample_weight)
        return replicas.logs(logs)

    def get_compile_config(self):
        config = super().get_compile_config()
        if not config:
            return config
        return {
            **config,
            "metrics": self._view_metrics.names,
            # Keras 3.15 writes what it chose, JAX's `True`, with which
            # PyTorch would compile for half a minute.
            "jit_compile": self._given_jit_compile,
        }

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(
        self,
        x,
        batch_size=None,
        epochs=None,
        shuffle=True,
        validation_data=None,
        callbacks=None,
        **kwargs,
    ):
        """Trains as `keras.Model.fit` does, on views or on plain strings.

        Args:
            x: A dataset of `(view_1, view_2)` from `mirror_dataset`, or
                strings (a list, a NumPy array, a `tf.data.Dataset`), whose
                views are then made here.
            batch_size: Integer, for strings. Defaults to the recipe's.
            epochs: Integer. Defaults to the recipe's.
            shuffle: Boolean, for strings. A dataset has its own order.
                Defaults to `True`.
            validation_data: As `x`; not shuffled.
            callbacks: As in `keras.Model.fit`.
            **kwargs: Passed to `keras.Model.fit`.

        Returns:
            A `keras.callbacks.History`.
        """
        dataset = self._views(x, batch_size, shuffle)
        epochs = epochs or self.recipe.epochs
        recorder = RunRecorder(self, dataset, epochs)
        with active_replicas().feed_scope():
            return super().fit(
                dataset,
                epochs=epochs,
                callbacks=recorder.before(callbacks),
                shuffle=False,  # Keras would shuffle the batches of a dataset
                validation_data=self._views(validation_data, batch_size),
                **kwargs,
            )

    def evaluate(self, x, batch_size=None, **kwargs):
        """The loss on views or on plain strings, which are not shuffled."""
        with active_replicas().feed_scope():
            return super().evaluate(self._views(x, batch_size), **kwargs)

    def _symbolic_build(self, *args, **kwargs):
        """Keeps Keras 3.15 from building a model that is built.

        It would take the first batch for that, and replicas would no longer
        see the same batches.
        """

    # The same on TensorFlow, where it also averages over replicas.
    _maybe_symbolic_build = _symbolic_build

    def _views(self, data, batch_size, shuffle=False):
        if not is_strings(data):
            return data
        # A list of strings is not looked up as paths.
        source = collect_strings(data) if isinstance(data, list) else data
        return mirror_dataset(
            source, self.preprocessor, batch_size, shuffle=shuffle
        )

    # === Use ===

    @classmethod
    def from_preset(
        cls, preset=DEFAULT_PRESET, recipe="sentence", dtype=None, **overrides
    ):
        """A model ready for mirror fine-tuning, from pretrained weights.

        Args:
            preset: A keras-hub preset name such as `"bert_base_en_uncased"`,
                a `kaggle://`, `hf://` or `modelscope://` handle, a local
                keras-hub preset folder, or a local Hugging Face folder. A
                sentence-transformers folder decides the pooling and the
                sequence length of a recipe given by its name. Defaults to
                `"mirror_mini_en"`: a small English BERT that travels inside
                the package.
            recipe: `"sentence"`, `"sentence_drophead"`, `"phrase"`,
                `"word"`, the paper's own as `"paper_sentence"` and so on, or
                a `Recipe`. A preset may want
                other values for a name: see `keras_mirror.presets`. Defaults
                to `"sentence"`.
            dtype: A dtype policy such as `"mixed_bfloat16"`. Defaults to
                `None`: the global one.
            **overrides: Fields of `Recipe` with new values, such as
                `temperature`, `pooling_mode` or `dropout`.

        Returns:
            A `MirrorModel`.

        Raises:
            ValueError: The preset or the recipe is unknown, an override is
                out of range, or the preset is damaged.
        """
        if isinstance(recipe, str):
            overrides = {**preset_fields(preset, recipe), **overrides}
        dropout = get_recipe(recipe, **overrides).dropout
        parts = load_parts(preset, dropout=dropout, dtype=dtype)
        record = TrainingRecord.of_preset(preset)
        return cls(*assemble(parts, recipe, overrides), record)

    def encode_text(self, text, batch_size=64):
        """Turns texts into vectors.

        A text's vector does not depend on the texts around it (but with
        `"padded_mean"` pooling). Texts are cut at the preprocessor's
        `sequence_length`.

        Args:
            text: A string, or a list or array of strings.
            batch_size: Integer, texts of `sequence_length` tokens per call of
                the encoder; of shorter texts it takes as many more. Defaults
                to `64`.

        Returns:
            A float32 NumPy array of shape `(len(text), embedding_dim)`, one
            row for a single string. Rows are not normalized.

        Raises:
            TypeError: An element is not a string.

        Example:

        >>> model.encode_text(["a man plays", "a woman plays"]).shape[0]
        2
        """
        return encode(self, text, batch_size)

    def similarity(self, embeddings_1, embeddings_2):
        """Cosines of all rows of one array with all rows of another.

        Args:
            embeddings_1: Array of shape `(n, embedding_dim)`.
            embeddings_2: Array of shape `(m, embedding_dim)`.

        Returns:
            A float32 NumPy array of shape `(n, m)`.

        Example:

        >>> vectors = model.encode_text(["a man plays", "a woman"])
        >>> model.similarity(vectors, vectors).shape
        (2, 2)
        """
        embeddings = [unit_rows(embeddings_1), unit_rows(embeddings_2)]
        return embeddings[0] @ embeddings[1].T

    # === Other libraries ===

    @classmethod
    def from_text_embedder(cls, embedder, recipe="sentence", **overrides):
        """A model with the weights of a keras-hub `TextEmbedder`, copied.

        Args:
            embedder: A `keras_hub.models.BertTextEmbedder`,
                `XLMRobertaTextEmbedder`, or what `to_text_embedder` gave,
                with its preprocessor. Its pooling and its `sequence_length`
                are taken over. What it was normalized to is not: vectors are
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
        from keras_mirror.checkpoints.keras_hub import text_embedder_parts

        dropout = get_recipe(recipe, **overrides).dropout
        parts = text_embedder_parts(embedder, dropout)
        return cls(*assemble(parts, recipe, overrides))

    def export(self, filepath, format="sentence-transformers", **options):
        """Writes this model for other libraries, without an optimizer.

        Nothing that exists is overwritten.

        Args:
            filepath: String or path of what is written.
            format: String, one of `keras_mirror.export.EXPORTERS`. Defaults
                to `"sentence-transformers"`: a folder that
                `sentence_transformers.SentenceTransformer` and
                `transformers.AutoModel` load.
            **options: Of the format.

        Raises:
            FileExistsError: `filepath` exists.
            ValueError: There is no such format, or it cannot express this
                model.
        """
        from keras_mirror.export.export import export

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

        ``python
        model.quantize("int8")
        model.save("small.keras")
        ``
        """
        from keras_mirror.encoder.quantization import quantize

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
            can express the model; a `MirrorTextEmbedder` otherwise.

        Example:

        >>> embedder = model.to_text_embedder()
        >>> embedder.encode_text(["a man plays"], verbose=0).shape[0]
        1
        """
        from keras_mirror.export.keras_hub import to_text_embedder

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
        from keras_mirror.export.keras_hub import save_to_preset

        save_to_preset(self, folder)

    # === Config ===

    def get_config(self):
        parts = {
            "encoder": self.encoder,
            "preprocessor": self.preprocessor,
            "recipe": self.recipe,
            "record": self.record,
        }
        serialize = keras.saving.serialize_keras_object
        config = {name: serialize(part) for name, part in parts.items()}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        # An archive of version 0.1 has no record.
        for name in {*config} & {"encoder", "preprocessor", "recipe", "record"}:
            part = keras.saving.deserialize_keras_object(config[name])
            config[name] = part
        return cls(**config)

    def save_assets(self, dir_path):
        # Keras calls it: assets/README.md of the archive.
        card = pathlib.Path(dir_path, "README.md")
        card.write_text(model_card(self), encoding="utf-8")


def _checked_record(record):
    record = TrainingRecord() if record is None else record
    if not isinstance(record, TrainingRecord):
        raise TypeError(
            f"`record` must be a `TrainingRecord`. Received: record={record!r}"
        )
    return record
