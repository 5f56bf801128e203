from typing import Any

import keras

from keras_mirror.archive.known_objects import check_objects
from keras_mirror.distribution import active_replicas
from keras_mirror.encoder.training_arithmetic import without_rewriting
from keras_mirror.forked import check_not_forked
from keras_mirror.metrics.view_metrics import ViewMetrics
from keras_mirror.optimizers import AdamW
from keras_mirror.recipes import Recipe


class CompilingMixin(keras.Model):
    """Configures training: what `compile` sets and Keras makes of it.

    It adds defaults from the recipe and metrics of two views, which an archive
    keeps, and makes the first step on TensorFlow start sooner. It needs the
    model's `recipe` and `_view_metrics`.
    """

    train_function: Any
    recipe: Recipe
    _view_metrics: ViewMetrics

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

    def make_train_function(self, force: bool = False):
        if self.train_function is None or force:
            super().make_train_function(force)
            self.train_function = without_rewriting(self.train_function)
        return self.train_function

    def _symbolic_build(self, *args, **kwargs):
        """Does nothing: Keras 3.15 would use up a batch to build again."""

    _maybe_symbolic_build = _symbolic_build  # its name on TensorFlow
