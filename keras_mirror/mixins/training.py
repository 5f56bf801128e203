import functools
from typing import Any

import keras

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
from keras_mirror.distribution import seed_variables
from keras_mirror.distribution import training_devices
from keras_mirror.encoder.fingerprint import check_same_tokens
from keras_mirror.encoder.fitting_batches import fitting_slices
from keras_mirror.encoder.training_arithmetic import fastest_product_dtype
from keras_mirror.finite import FiniteTraining
from keras_mirror.finite import tells_of_weights
from keras_mirror.forked import check_not_forked
from keras_mirror.guide import Guide
from keras_mirror.lock import Lock
from keras_mirror.optimizers import AdamW
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import check_field
from keras_mirror.startup import return_freed_memory


class TrainingMixin(keras.Model):
    """Trains and evaluates, on views or on plain strings.

    It adds what `fit` chooses: the dataset of strings, the random state of an
    epoch, the size of mini-batches and the dtype of products, which `call` and
    `train_step` read. It needs the model's parts, its `train_step` and the lock
    `_running`.
    """

    train_function: Any
    train_step: Any
    recipe: Recipe
    _running: Lock
    _fit_mini_batch_size: int | None = None  # `None`: the recipe's
    _product_dtype: str | None = None

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
                a float32 model on TensorFlow and JAX if the CPU has units for
                such products, which takes a fraction of the time. Defaults to
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
            seeds = [EpochSeeds(seed, self._set_seed)]
        dataset = self._views(x, batch_size, shuffle, seed)
        size = self._chosen_mini_batch_size(mini_batch_size, dataset)
        dtype = self._chosen_product_dtype(product_dtype)
        chosen = (size, dtype)
        if chosen != (self._fit_mini_batch_size, self._product_dtype):
            self._fit_mini_batch_size, self._product_dtype = chosen
            self.train_function = None  # compiled with another value
            # For an equal bound method, JAX would reuse what it compiled
            # before.
            self.train_step = functools.partial(type(self).train_step, self)
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

    def _views(
        self,
        data,
        batch_size: int | None,
        shuffle: bool = False,
        seed: int | None = None,
    ):
        data = taken_apart(data)
        if not is_strings(data):
            check_same_tokens(data, self.preprocessor.tokenizer)
            return data
        if seed is not None:
            keras.utils.set_random_seed(seed)
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
