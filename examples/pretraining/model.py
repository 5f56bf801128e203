"""A small BERT with a masked-language-model head, and its optimizer."""

import pathlib

import keras
import keras_hub

NUM_LAYERS = 4
HIDDEN_DIM = 256
HEAD_DIM = 64
MAX_SEQUENCE_LENGTH = 128
DROPOUT = 0.0  # less than one epoch: nothing to overfit; fine-tuning sets 0.1
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.01
WARMUP_STEPS = 500
DECAY_SHARE = 0.25  # constant before: a longer run shares a shorter one's start


def masked_language_model(vocabulary_size, num_steps, jit_compile):
    """A compiled `keras_hub.models.BertMaskedLM` of random weights."""
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size,
        num_layers=NUM_LAYERS,
        num_heads=HIDDEN_DIM // HEAD_DIM,
        hidden_dim=HIDDEN_DIM,
        intermediate_dim=4 * HIDDEN_DIM,
        dropout=DROPOUT,
        max_sequence_length=MAX_SEQUENCE_LENGTH,
    )
    backbone.get_layer("pooled_dense").trainable = False  # has no part in it
    model = keras_hub.models.BertMaskedLM(backbone)
    model.compile(
        # Feed-forward weights learn faster than with AdamW, which has the rest.
        optimizer=keras.optimizers.Muon(
            WarmupStableDecay(num_steps),
            weight_decay=WEIGHT_DECAY,
            adam_weight_decay=WEIGHT_DECAY,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
        jit_compile=jit_compile,
    )
    model.optimizer.build(model.trainable_variables)
    return model


class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises, stays, and falls to zero in the last `DECAY_SHARE` of the steps.

    Reference:
        - [Hu et al., 2024](https://arxiv.org/abs/2404.06395), section 4
    """

    def __init__(self, num_steps):
        self.num_steps = num_steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        rise = (step + 1) / WARMUP_STEPS
        fall = (self.num_steps - step) / (DECAY_SHARE * self.num_steps)
        share = keras.ops.minimum(keras.ops.minimum(rise, fall), 1.0)
        return LEARNING_RATE * share

    def get_config(self):
        return {"num_steps": self.num_steps}


class SafeCheckpoint(keras.callbacks.Callback):
    """Weights and optimizer after every epoch; a kill leaves the last one."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch, logs=None):
        unfinished = self.path.with_name("unfinished.weights.h5")
        self.model.save_weights(unfinished)
        unfinished.replace(self.path)


def save_preset(backbone, tokenizer, folder):
    """Saves a keras-hub preset whose numbers take two bytes each."""
    config = backbone.get_config()
    half = type(backbone).from_config({**config, "dtype": "float16"})
    half.set_weights(backbone.get_weights())
    backbone.save_to_preset(folder)
    tokenizer.save_to_preset(folder)
    half.save_weights(pathlib.Path(folder) / "model.weights.h5")
