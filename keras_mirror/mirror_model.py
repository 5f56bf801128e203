import pathlib

import keras
from keras import ops

from keras_mirror.assembly import assemble
from keras_mirror.card.model_card import model_card
from keras_mirror.corpus import is_strings
from keras_mirror.encoding import encode
from keras_mirror.encoding import unit_rows
from keras_mirror.interop.portable import Portable
from keras_mirror.loading import load_parts
from keras_mirror.losses import info_nce
from keras_mirror.metrics.view_metrics import ViewMetrics
from keras_mirror.mini_batches import in_mini_batches
from keras_mirror.optimizers import AdamW
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.presets import preset_fields
from keras_mirror.projection_head import projection_head
from keras_mirror.recipe_dataset import recipe_dataset
from keras_mirror.recipes import get_recipe
from keras_mirror.record.run_recorder import RunRecorder
from keras_mirror.record.training_record import TrainingRecord
from keras_mirror.replicas import Replicable
from keras_mirror.replicas import active_replicas
from keras_mirror.replicas import all_rows
from keras_mirror.texts import collect_strings


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorModel(Portable, Replicable, keras.Model):
    """Mirror-BERT: a pretrained language model becomes a text encoder.

    Every string is its own positive: the same batch goes through the encoder
    twice, dropout and a random masked span make the two views differ, and
    `info_nce` pulls each string's views together and the others apart. No
    labels are needed; ten thousand strings and one epoch are enough.

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
        self.record = _checked_record(record)
        self.projection_head = None
        if self.recipe.projection_head:
            self.projection_head = projection_head(encoder.output_shape[-1])
        self._view_metrics = ViewMetrics()
        self.built = True  # all its weights are those of its parts

    def call(self, inputs, training=None):
        inputs = {k: v for k, v in inputs.items() if k != "string_ids"}
        if not training:
            return self.encoder(inputs)
        if getattr(self.encoder, "token_weights", None) is not None:
            self.encoder.token_weights.count(**inputs)
        embeddings = self._embed_for_training(inputs)
        if self.projection_head is None:
            return embeddings
        return self.projection_head(embeddings)

    # === The algorithm ===

    def train_step(self, *args):
        # Keras passes `(data)` on TensorFlow and PyTorch, `(state, data)` on
        # JAX; the views are always last, with `None` for weights or without.
        *state, views = args
        replicas = active_replicas()
        replicas.prepare(self)
        views = replicas.own_rows(views[:2])
        return super().train_step(*state, stack_views(*views))

    def test_step(self, *args):
        *state, views = args
        views = active_replicas().own_rows(views[:2])
        return super().test_step(*state, stack_views(*views))

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        # The strings of all devices are each other's negatives.
        view_1, view_2, string_ids = all_rows(y_pred, x.get("string_ids"))
        loss = info_nce(
            view_1,
            view_2,
            self.recipe.temperature,
            string_ids,
            self.recipe.negative_ceiling,
            self.recipe.decoupled,
        )
        return active_replicas().share(loss)

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
        return super().evaluate(self._views(x, batch_size), **kwargs)

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
            row for a single string. Rows are not normalised.

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

    def _embed_for_training(self, inputs):
        size = self.recipe.mini_batch_size
        if size is None:
            return self.encoder(inputs, training=True)
        return in_mini_batches(self.encoder, inputs, size)

    def _views(self, data, batch_size, shuffle=False):
        if not is_strings(data):
            return data
        # A list of strings is not looked up as paths.
        source = collect_strings(data) if isinstance(data, list) else data
        return recipe_dataset(self, source, batch_size, shuffle)


def _checked_record(record):
    record = TrainingRecord() if record is None else record
    if not isinstance(record, TrainingRecord):
        raise TypeError(
            f"`record` must be a `TrainingRecord`. Received: record={record!r}"
        )
    return record


def stack_views(view_1, view_2):
    """One batch of twice the size: dropout is drawn for every row.

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
