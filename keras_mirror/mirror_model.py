"""Mirror-BERT, the whole algorithm.

Every string is its own positive. Its two views differ by dropout and by a
random masked span. With f the encoder, x and x' the two views of a string, and
t the temperature, the loss of an anchor is the paper's Eq. 1,

    -log( exp(cos(f(x), f(x')) / t) / sum_n exp(cos(f(x), f(x_n)) / t) )

where x_n runs over both views of the batch's other strings. In code:

    view_1, view_2 = preprocessor.views(texts)          # in `mirror_dataset`
    embeddings = encoder(stack_views(view_1, view_2))   # `train_step`, `call`
    loss = info_nce(*split(embeddings, 2), temperature)       # `compute_loss`

What else a `MirrorModel` does (train, encode, save) is in `mixins/`.
"""

import math

import keras
from keras import ops

from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.record import checked_record
from keras_mirror.distribution import active_replicas
from keras_mirror.distribution import gather_views
from keras_mirror.encoder.mini_batches import in_mini_batches
from keras_mirror.encoder.sentence_encoder import projection_head
from keras_mirror.encoder.suits_backbone import check_length
from keras_mirror.encoder.training_arithmetic import training_arithmetic
from keras_mirror.forked import check_not_forked
from keras_mirror.lock import Lock
from keras_mirror.losses import info_nce
from keras_mirror.metrics.view_metrics import ViewMetrics
from keras_mirror.mixins.compiling import CompilingMixin
from keras_mirror.mixins.encoding import EncodingMixin
from keras_mirror.mixins.post_training import PostTrainingMixin
from keras_mirror.mixins.saving import SavingMixin
from keras_mirror.mixins.training import TrainingMixin
from keras_mirror.optimizers import SMALLEST_LOSS_SCALE
from keras_mirror.optimizers import AdamW
from keras_mirror.optimizers import loss_scale
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

# Features that the loss needs about the strings of a view, see `info_nce`.
LOSS_FEATURES = ("string_ids", "guide", "guide_ceiling")


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


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorModel(
    CompilingMixin,
    TrainingMixin,
    EncodingMixin,
    PostTrainingMixin,
    SavingMixin,
    keras.Model,
):
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
