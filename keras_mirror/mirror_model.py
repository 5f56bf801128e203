"""Mirror-BERT, the whole algorithm.

Every string is its own positive. Its two views differ by dropout and by a
random masked span. With f the encoder, x and x' the two views of a string, and
t the temperature, the loss of an anchor is the paper's Eq. 1,

    -log( exp(cos(f(x), f(x')) / t) / sum_n exp(cos(f(x), f(x_n)) / t) )

where x_n runs over both views of the batch's other strings. In code:

    view_1, view_2 = preprocessor.views(texts)          # in `mirror_dataset`
    embeddings = encoder(stack_views(view_1, view_2))   # `train_step`, `call`
    loss = info_nce(*split(embeddings, 2), temperature)       # `compute_loss`
"""

import contextlib
import functools
import math
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

import keras_mirror.preprocessing.mirror_preprocessor  # noqa: F401  in archives
from keras_mirror.archive.known_objects import check_objects
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.record import checked_record
from keras_mirror.archive.recorder import RunRecorder
from keras_mirror.arguments import check_integer
from keras_mirror.arguments import chosen_seed
from keras_mirror.data import collect_strings
from keras_mirror.data.dataset_epochs import DatasetEpochs
from keras_mirror.data.epoch_seeds import EpochSeeds
from keras_mirror.data.epoch_seeds import seed_generators
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.data.read_corpus import is_strings
from keras_mirror.data.read_corpus import read_corpus
from keras_mirror.data.read_corpus import taken_apart
from keras_mirror.distribution import active_replicas
from keras_mirror.distribution import gather_views
from keras_mirror.distribution import seed_variables
from keras_mirror.distribution import training_devices
from keras_mirror.encoder.encode import encode_ids
from keras_mirror.encoder.encode import encode_text
from keras_mirror.encoder.fingerprint import check_same_tokens
from keras_mirror.encoder.fitting_batches import fitting_slices
from keras_mirror.encoder.jitted_call import is_jitted
from keras_mirror.encoder.jitted_call import jitted_call
from keras_mirror.encoder.mini_batches import in_mini_batches
from keras_mirror.encoder.sentence_encoder import projection_head
from keras_mirror.encoder.suits_backbone import check_length
from keras_mirror.encoder.trained_weights import freeze_positions
from keras_mirror.encoder.trained_weights import frozen_positions
from keras_mirror.encoder.training_arithmetic import fastest_product_dtype
from keras_mirror.encoder.training_arithmetic import training_arithmetic
from keras_mirror.encoder.training_arithmetic import without_rewriting
from keras_mirror.finite import FiniteTraining
from keras_mirror.finite import check_finite_variables
from keras_mirror.finite import tells_of_weights
from keras_mirror.forked import check_not_forked
from keras_mirror.guide import Guide
from keras_mirror.lock import Lock
from keras_mirror.losses import info_nce
from keras_mirror.metrics.view_metrics import ViewMetrics
from keras_mirror.optimizers import SMALLEST_LOSS_SCALE
from keras_mirror.optimizers import AdamW
from keras_mirror.optimizers import loss_scale
from keras_mirror.optimizers import training_variables
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.presets import preset_fields
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import check_field
from keras_mirror.recipes import get_recipe
from keras_mirror.startup import return_freed_memory
from keras_mirror.unit_rows import all_cosines

# Features that the loss needs about the strings of a view, see `info_nce`.
LOSS_FEATURES = ("string_ids", "guide", "guide_ceiling")

# Defined here because `recipes` does not import Keras.
keras.saving.register_keras_serializable("keras_mirror")(Recipe)


def stack_views(view_1: dict, view_2: dict) -> dict:
    """Stacks two views into one batch of twice the size.

    One pass over it equals two passes, since dropout is drawn for every row.

    Args:
        view_1, view_2: Dicts of features of shape `(batch_size, ...)`.

    Returns:
        A dict of features of shape `(2 * batch_size, ...)`.
    """
    return {
        name: ops.concatenate([feature, view_2[name]], axis=0)
        for name, feature in view_1.items()
    }


def _check_features(caller: str, inputs) -> None:
    if is_strings(inputs):
        raise TypeError(
            f"{caller} takes the features of `model.preprocessor`. For texts "
            f"use `model.encode_text(texts)`. Received: {type(inputs).__name__}"
        )


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorModel(keras.Model):
    """Mirror-BERT: a pretrained language model becomes a text encoder.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027)

    Args:
        encoder: A `SentenceEncoder`, or any `keras.Model` from the features
            of `preprocessor` to `(batch_size, embedding_dim)`.
        preprocessor: A `MirrorPreprocessor`.
        recipe: A `Recipe`, or the name of one: see `keras_mirror.recipes`.
            Its dropout and pooling describe `encoder` and are not applied to
            it here; `from_preset` does. Defaults to `"sentence"`.
        record: A `TrainingRecord`: the origin of the weights and the runs of
            `fit`, for the model card. Defaults to `None`: an empty one.
        **kwargs: Passed to `keras.Model`.

    Example:

    ```python
    model = keras_mirror.MirrorModel.from_preset("bert_base_en_uncased")
    ds = keras_mirror.mirror_dataset("sentences.txt", model.preprocessor)
    model.compile()
    model.fit(ds, epochs=1)
    embeddings = model.encode_text(["A man is playing a guitar."])
    ```
    """

    def __init__(
        self,
        encoder,
        preprocessor,
        recipe: str | Recipe = "sentence",
        record: TrainingRecord | None = None,
        **kwargs,
    ):
        check_not_forked()
        kwargs.setdefault("dtype", encoder.dtype_policy)
        super().__init__(**kwargs)
        self.encoder = encoder
        self.preprocessor = preprocessor
        backbone = getattr(encoder, "backbone", None)
        check_length(preprocessor.sequence_length, backbone)
        self.recipe = get_recipe(recipe)
        preprocessor.recipe = self.recipe  # `mirror_dataset` follows it
        self.record = checked_record(record)
        self.projection_head = None
        if self.recipe.projection_head:
            self.projection_head = projection_head(encoder.output_shape[-1])
        self._view_metrics = ViewMetrics()
        self._fit_mini_batch_size: int | None = None  # `None`: the recipe's
        self._product_dtype: str | None = None
        self._is_found_finite = False  # what is being saved
        self._running = Lock()  # one `evaluate` or `predict` at a time
        self.built = True  # its parts hold all its weights

    # === The algorithm ===

    def train_step(self, *args):
        # Keras passes `(data)` on TensorFlow and PyTorch, `(state, data)` on
        # JAX; the views are always last.
        *state, views = args
        active_replicas().prepare(self)
        with training_arithmetic(self._product_dtype):
            result = super().train_step(*state, self._stack(views))
        logs, *state = result if state else [result]
        logs = self._told_of_gradients(logs, state)
        return (logs, *state) if state else logs

    def call(self, inputs, training=None):
        features = {k: v for k, v in inputs.items() if k not in LOSS_FEATURES}
        if not training:
            return self.encoder(features)
        self._count_tokens(features)
        embeddings = self._embed_for_training(features)
        if self.projection_head is None:
            return embeddings
        return self.projection_head(embeddings)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        self._check_guided(x)
        features = {name: x[name] for name in LOSS_FEATURES if name in x}
        # Strings of all devices are negatives of each other.
        view_1, view_2, features = gather_views(y_pred, features)
        loss = info_nce(
            view_1,
            view_2,
            temperature=self.recipe.temperature,
            max_negative_similarity=self.recipe.max_negative_similarity,
            decoupled=self.recipe.decoupled,
            **features,
        )
        return active_replicas().scale_loss(loss)

    def test_step(self, *args):
        *state, views = args
        return super().test_step(*state, self._stack(views))

    def _stack(self, views):
        # Keras may add `None` for labels or sample weights.
        return stack_views(*active_replicas().shard(views[:2]))

    def _check_guided(self, features) -> None:
        if self.recipe.is_guided and "guide" not in features:
            raise ValueError(
                "The recipe needs a guide, but the views have none. Give "
                "`fit` plain strings, or `mirror_dataset` the argument "
                "`guide=keras_mirror.guide.Guide.of(model, corpus)`. "
                f"Received: views of {sorted(features)}"
            )

    def _count_tokens(self, features) -> None:
        # For the weights of frequent tokens. In `call`, since JAX keeps no
        # other updates of a model's state.
        token_weights = getattr(self.encoder, "token_weights", None)
        if token_weights is not None:
            token_weights.count(**features)

    def _told_of_gradients(self, logs: dict, state: list) -> dict:
        # Gradients can overflow although the loss is finite: such a step logs
        # NaN as its loss, for `FiniteTraining`.
        optimizer = self.optimizer
        if isinstance(optimizer, AdamW):
            is_finite = optimizer.take_is_finite()
        elif isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            # Keras would halve it and skip steps forever.
            is_finite = loss_scale(optimizer, state) >= SMALLEST_LOSS_SCALE
        else:
            return logs
        return {**logs, "loss": ops.where(is_finite, logs["loss"], math.nan)}

    def _embed_for_training(self, features):
        size = self._fit_mini_batch_size or self.recipe.mini_batch_size
        if size is None:
            return self.encoder(features, training=True)
        return in_mini_batches(self.encoder, features, size)

    # === Training ===

    def compile(
        self,
        optimizer="auto",
        loss=None,
        metrics: list[str] | None = None,
        jit_compile: bool | str = "auto",
        **kwargs,
    ) -> None:
        """Configures training; without arguments, as the recipe says.

        Args:
            optimizer: A `keras.Optimizer` or its name. Defaults to `"auto"`:
                `AdamW` as in the original code, with the recipe's settings.
            loss: Refused: InfoNCE is built in.
            metrics: List of names out of `"alignment"`, `"similarity_gap"`,
                `"uniformity"`, `"mean_vector_norm"` and `"isotropy_score"`,
                see `keras_mirror.metrics`; logged as means over batches. The
                last one is slow. Defaults to `None`.
            jit_compile: Boolean, or `"auto"`: the backend decides, also when an
                archive is loaded. Defaults to `"auto"`.
            **kwargs: Passed to `keras.Model.compile`.
        """
        check_not_forked()
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
        # Built here, so that an archive holds the optimizer's state even before
        # the first step.
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

    def get_compile_config(self) -> dict | None:
        config = super().get_compile_config()
        if config:
            config["metrics"] = self._view_metrics.names
            # Keras 3.15 writes its own choice into the config. If JAX chose
            # `True`, PyTorch would then compile for half a minute.
            config["jit_compile"] = self._given_jit_compile
        return config

    def compile_from_config(self, config: dict) -> None:
        check_objects(config)
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(
        self,
        x,
        batch_size: int | None = None,
        epochs: int | None = None,
        shuffle: bool = True,
        validation_data=None,
        callbacks=None,
        mini_batch_size: int | str | None = None,
        seed: int | None = None,
        product_dtype: str | None = None,
        **kwargs,
    ):
        """Trains as `keras.Model.fit` does, on views or on plain strings.

        Args:
            x: A dataset from `mirror_dataset`, or strings: a list, an array,
                a series, a generator or a `tf.data.Dataset`.
            batch_size: Integer, for strings. Defaults to the recipe's.
            epochs: Integer, `0` trains nothing. Defaults to the recipe's.
            shuffle: Boolean, for strings. A dataset keeps its own order.
                Defaults to `True`.
            validation_data: As `x`; not shuffled.
            mini_batch_size: Integer, the texts per pass of the encoder, for
                this call only: see `Recipe`. If the recipe says `None`,
                `"auto"` splits a batch that would not fit into free memory into
                mini-batches that do. Defaults to `None`: the recipe's.
            seed: Integer. Decides all random draws: the dropout, and the order
                and the spans of strings. A dataset keeps its own seed and
                starts at its first epoch. Every epoch has its own random state,
                so that a call with an `initial_epoch` repeats it. With
                strings, it is also passed to `keras.utils.set_random_seed`.
                Defaults to `None`: random states continue, and so does a
                dataset, unless there is an `initial_epoch`.
            product_dtype: `"bfloat16"` multiplies by weights in this dtype and
                does everything else in the model's dtype. `"auto"` does so for
                a float32 model on TensorFlow if the CPU has units for such
                products, which takes a fraction of the time. Defaults to
                `None`: the model's dtype.
            callbacks, **kwargs: As in `keras.Model.fit`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            FloatingPointError: The loss or a gradient is not finite. The model
                keeps the weights from before this step if its optimizer is
                `keras_mirror.optimizers.AdamW` or scales losses.
            MemoryError: `mini_batch_size="auto"`, but not even a single text
                fits.
            ValueError: `validation_split` is given, or the optimizer cannot
                train weights of this dtype.
        """
        check_not_forked()
        if kwargs.get("validation_split"):
            raise ValueError(
                "`fit` does not split strings: give some of them as "
                "`validation_data`. Received: "
                f"validation_split={kwargs['validation_split']!r}"
            )
        seeds = []
        if seed is not None:
            seed = check_integer("seed", seed, 0, 2**32 - 1)
            if is_strings(taken_apart(x)):
                keras.utils.set_random_seed(seed)
            seeds = [EpochSeeds(seed, self._set_seed)]
        dataset = self._views(x, batch_size, shuffle)
        size = self._chosen_mini_batch_size(mini_batch_size, dataset)
        dtype = self._chosen_product_dtype(product_dtype)
        chosen = (size, dtype)
        if chosen != (self._fit_mini_batch_size, self._product_dtype):
            self._fit_mini_batch_size, self._product_dtype = chosen
            self.train_function = None  # compiled with another value
            # For an equal bound method, JAX would reuse what it compiled
            # before.
            step = functools.partial(type(self).train_step, self)
            self.train_step = step  # type: ignore[method-assign]
        if size or self.recipe.mini_batch_size:
            return_freed_memory()
        if epochs is None:
            epochs = self.recipe.epochs
        epochs = check_integer("epochs", epochs, smallest=0)
        recorder = RunRecorder(self, dataset, epochs, dtype)
        # On a CPU, waiting costs nothing.
        has_gpu = training_devices(self).gpu_memory is not None
        steps = kwargs.get("steps_per_epoch")
        epochs_of_data = DatasetEpochs(dataset, steps, seed is not None)
        callbacks = recorder.before(
            callbacks, FiniteTraining(has_gpu), epochs_of_data, *seeds
        )
        optimizer = getattr(self, "optimizer", None)  # Keras asks for one
        if isinstance(optimizer, AdamW):
            optimizer.check_dtypes(self.trainable_variables)
        with active_replicas().feed_scope(), tells_of_weights(self):
            return super().fit(
                dataset,
                epochs=epochs,
                callbacks=callbacks,
                shuffle=False,  # Keras would shuffle the batches of a dataset
                validation_data=self._views(validation_data, batch_size),
                **kwargs,
            )

    def _set_seed(self, seed: int) -> None:
        seed_generators(seed)
        # Existing layers drew their seeds when they were made.
        for variable in seed_variables(self):
            variable.assign([chosen_seed(None), 0])
        active_replicas().reseeded(self)

    def _chosen_mini_batch_size(self, size, dataset) -> int | None:
        if size != "auto":
            return check_field("mini_batch_size", size)
        if self.recipe.mini_batch_size:
            return None
        slices = fitting_slices(self, dataset)
        return slices.mini_batch_size if slices else None

    def _chosen_product_dtype(self, dtype) -> str | None:
        if dtype not in (None, "auto", "bfloat16"):
            raise ValueError(
                "`product_dtype` must be 'bfloat16', 'auto' or None. "
                f"Received: product_dtype={dtype!r}"
            )
        return fastest_product_dtype(self) if dtype == "auto" else dtype

    def evaluate(self, x, batch_size: int | None = None, **kwargs):
        """Computes the loss on views or on plain strings, without shuffling.

        Several threads may call it: they wait for each other, since they share
        metrics.
        """
        check_not_forked()
        with self._running, active_replicas().feed_scope():
            return super().evaluate(self._views(x, batch_size), **kwargs)

    def predict(self, x, *args, **kwargs):
        """Computes embeddings of features, as `keras.Model.predict` does."""
        check_not_forked()
        _check_features("`predict`", x)
        with self._running:  # on JAX, Keras takes the weights meanwhile
            return super().predict(x, *args, **kwargs)

    def predict_on_batch(self, x):
        """Computes embeddings of a batch; several threads may call it."""
        check_not_forked()
        if is_jitted(self):
            return np.asarray(jitted_call(self)(x))
        return super().predict_on_batch(x)

    def __getattr__(self, name: str):
        # Called only for missing attributes. PyTorch's modules have one too.
        if name == "encode":
            raise AttributeError(
                "A `MirrorModel` encodes texts with `encode_text`. Received: "
                "`model.encode`"
            )
        find = getattr(super(), "__getattr__", None)
        if find is None:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'"
            )
        return find(name)

    def __call__(self, inputs, *args, **kwargs):
        _check_features("A call of the model", inputs)
        return super().__call__(inputs, *args, **kwargs)

    def make_train_function(self, force: bool = False):
        if self.train_function is None or force:
            super().make_train_function(force)
            function: Any = self.train_function
            self.train_function = without_rewriting(function)  # type: ignore
        return self.train_function

    def _symbolic_build(self, *args, **kwargs):
        """Does nothing: Keras 3.15 would use up a batch to build again."""

    _maybe_symbolic_build = _symbolic_build  # its name on TensorFlow

    def _views(self, data, batch_size: int | None, shuffle: bool = False):
        data = taken_apart(data)
        if not is_strings(data):
            check_same_tokens(data, self.preprocessor.tokenizer)
            return data
        # Strings in a list are texts here, even if files have these names.
        source = collect_strings(data) if isinstance(data, list) else data
        guide = None
        if self.recipe.is_guided:
            source = read_corpus(source)
            guide = Guide.of(self, source)
        if batch_size is None:  # not that of another model's recipe
            batch_size = self.recipe.batch_size
        return mirror_dataset(
            source,
            self.preprocessor,
            batch_size,
            shuffle=shuffle,
            group_by_length=self.recipe.group_by_length,
            guide=guide,
        )

    # === Use ===

    def encode_text(
        self, text, batch_size: int | None = None, prompt: str | None = None
    ):
        """Turns texts into embeddings; cuts them at the `sequence_length`.

        An embedding does not depend on the other texts, except with
        `"padded_mean"`. Several threads may call it at once, also while another
        model trains, but not while this one trains. A process that was forked
        after a model was made cannot encode, except on PyTorch with one thread.

        Args:
            text: A string, or a list or array of strings.
            batch_size: Integer, texts of `sequence_length` tokens per call of
                the encoder; a call takes more texts if they are shorter.
                Defaults to `None`: 64, or fewer if such a call would not fit
                into free memory.
            prompt: String, the name of one of `preprocessor.prompts`, which
                is put before every text. Defaults to `None`: the default
                prompt, if the model has one.

        Returns:
            A float32 NumPy array of shape `(len(text), embedding_dim)`; a
            single string gives one row. Rows are not normalized.

        Raises:
            TypeError: An element is not a string.
            ValueError: There is no prompt of this name, or an embedding holds
                NaN or infinity.
            RuntimeError: This process was forked after a model was made.

        Example:

        >>> model.encode_text(["a man plays", "a woman plays"]).shape[0]
        2
        """
        return encode_text(self, text, batch_size, prompt)

    def encode_ids(
        self, token_ids: list[list[int]], batch_size: int | None = None
    ):
        """As `encode_text`, for the result of `preprocessor.tokenize`.

        Args:
            token_ids: List of lists of integers, without special tokens.
            batch_size: See `encode_text`. Defaults to `None`.

        Returns:
            As `encode_text`.

        Example:

        >>> model.encode_ids([[7, 8], [9]]).shape[0]
        2
        """
        return encode_ids(self, token_ids, batch_size)

    def similarity(self, embeddings_1, embeddings_2):
        """Computes the cosines of all rows of one array with all of another.

        Args:
            embeddings_1: Array of shape `(n, embedding_dim)`.
            embeddings_2: Array of shape `(m, embedding_dim)`.

        Returns:
            A float32 NumPy array of shape `(n, m)`.

        Raises:
            ValueError: An array is not a matrix, or the two differ in
                `embedding_dim`.

        Example:

        >>> model.similarity(np.eye(2, 8), np.eye(3, 8)).shape
        (2, 3)
        """
        return all_cosines(embeddings_1, embeddings_2)

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

    # === Other formats: their modules are imported when they are needed ===

    @classmethod
    def from_preset(
        cls,
        preset: str | os.PathLike[str] = DEFAULT_PRESET,
        recipe: str | Recipe = "sentence",
        dtype=None,
        **overrides,
    ) -> "MirrorModel":
        """Loads pretrained weights into a model ready for mirror fine-tuning.

        Args:
            preset: A name such as `"all_minilm_l6_v2_en"`, which is fetched
                once (`keras-mirror presets` lists them), a keras-hub preset
                name such as `"bert_base_en_uncased"`, a `kaggle://`, `hf://`
                or `modelscope://` handle, or a local folder of keras-hub,
                Hugging Face or sentence-transformers. Defaults to the bundled
                `"mirror_student_en"`.
            recipe: A `Recipe`, or the name of one: see `keras_mirror.recipes`.
                A preset may change fields of a named one; a
                sentence-transformers folder decides pooling and sequence
                length. Defaults to `"sentence"`.
            dtype: A dtype policy such as `"mixed_bfloat16"`. Defaults to
                `None`: the global one.
            **overrides: Fields of `Recipe` with new values, such as
                `temperature`, `pooling_mode` or `dropout`.

        Returns:
            A `MirrorModel`.

        Raises:
            ValueError: The preset is unknown or damaged, or the recipe or a
                field is unknown. OSError: A named preset cannot be fetched from
                any place.
        """
        from keras_mirror.presets.load_preset import assemble
        from keras_mirror.presets.load_preset import load_parts

        check_not_forked()
        if isinstance(recipe, str):
            overrides = {**preset_fields(preset, recipe), **overrides}
        dropout = get_recipe(recipe, **overrides).dropout
        parts = load_parts(preset, dropout, dtype)
        record = TrainingRecord.of_preset(preset)
        return cls(*assemble(parts, recipe, overrides), record=record)

    @classmethod
    def from_text_embedder(
        cls, embedder, recipe: str | Recipe = "sentence", **overrides
    ) -> "MirrorModel":
        """Makes a model with copied weights of a keras-hub `TextEmbedder`.

        Args:
            embedder: A `BertTextEmbedder`, an `XLMRobertaTextEmbedder` or the
                result of `to_text_embedder`, with its preprocessor. Pooling
                and `sequence_length` stay, normalization does not.
            recipe, **overrides: As in `from_preset`.

        Returns:
            A `MirrorModel`.

        Raises:
            ValueError: The embedder is of another kind, or has no preprocessor.

        Example:

        >>> copy = MirrorModel.from_text_embedder(model.to_text_embedder())
        """
        from keras_mirror.checkpoints.keras_hub import text_embedder_parts
        from keras_mirror.presets.load_preset import assemble

        dropout = get_recipe(recipe, **overrides).dropout
        parts = text_embedder_parts(embedder, dropout)
        return cls(*assemble(parts, recipe, overrides))

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "sentence-transformers",
        **options,
    ) -> None:
        """Writes this model for other libraries, without an optimizer.

        Args:
            filepath: String or path of a new file or folder.
            format: String, one of `keras_mirror.export.EXPORTERS`. Defaults
                to `"sentence-transformers"`: a folder that this library and
                `transformers.AutoModel` load.
            **options: Options of the format.

        Raises:
            FileExistsError: `filepath` exists.
            ValueError: There is no such format, or it cannot express this
                model.
        """
        from keras_mirror.export.export import export

        export(self, filepath, format, **options)

    def to_text_embedder(self, normalize: bool = True):
        """Shares this encoder with a `keras_hub.models.TextEmbedder`.

        Texts that keras-hub tokenizes in another way (a `[MASK]` in a text,
        `ß`, invisible characters) get other embeddings from its own classes.

        Args:
            normalize: Boolean, whether embeddings have length 1. Defaults to
                `True`, as in keras-hub.

        Returns:
            A `BertTextEmbedder` or an `XLMRobertaTextEmbedder` if one of these
            can express the model; a `MirrorTextEmbedder` otherwise.

        Example:

        >>> model.to_text_embedder().encode_text(["a man"], verbose=0).shape[0]
        1
        """
        from keras_mirror.export.keras_hub import to_text_embedder

        return to_text_embedder(self, normalize)

    def save_to_preset(self, folder: str | os.PathLike[str]) -> None:
        """Writes a keras-hub preset; `from_preset(folder)` loads it.

        The `Backbone` and `Tokenizer` of keras-hub load it too, and so does
        its `TextEmbedder`, or a warning says why not.

        Args:
            folder: String or path of a new folder.

        Raises:
            FileExistsError: `folder` exists.
        """
        from keras_mirror.export.keras_hub import save_to_preset

        save_to_preset(self, folder)

    # === Config ===

    _PARTS = ("encoder", "preprocessor", "recipe", "record")

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        config = {name: serialize(getattr(self, name)) for name in self._PARTS}
        frozen = frozen_positions(self.projection_head)
        head = {"frozen_head": frozen} if frozen else {}
        return {**super().get_config(), **config, **head}

    @classmethod
    def from_config(cls, config: dict) -> "MirrorModel":
        check_not_forked()
        check_objects(config)
        config = dict(config)
        deserialize = keras.saving.deserialize_keras_object
        for name in cls._PARTS:
            if name in config:  # an archive of version 0.1 has no record
                config[name] = deserialize(config[name])
        frozen = config.pop("frozen_head", [])
        model = cls(**config)
        freeze_positions(model.projection_head, frozen)
        return model

    def save(self, filepath, *args, **kwargs) -> None:
        with self._found_finite():
            super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath, *args, **kwargs) -> None:
        with self._found_finite():
            super().save_weights(filepath, *args, **kwargs)

    def save_own_variables(self, store) -> None:
        with self._found_finite():  # `keras.saving.save_model` calls no `save`
            super().save_own_variables(store)

    @contextlib.contextmanager
    def _found_finite(self) -> Iterator[None]:
        """Checks that all weights are finite, once even if it is nested.

        It does so before Keras opens a file, since an older file would be lost.
        """
        before = self._is_found_finite
        if not before:
            check_finite_variables(training_variables(self))
        self._is_found_finite = True
        try:
            yield
        finally:
            self._is_found_finite = before

    def save_assets(self, dir_path: str) -> None:
        # Keras calls it: assets/README.md of the archive.
        from keras_mirror.archive.model_card import model_card

        card = pathlib.Path(dir_path, "README.md")
        card.write_text(model_card(self), encoding="utf-8")
