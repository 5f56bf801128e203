"""
A training loop of your own
===========================

**The question.** `fit` does not do what you want: you want a second loss, other
negatives, or a look at each step. How do you train by hand?

**The answer.** Three public parts are enough: `mirror_dataset` makes the two
views, the encoder embeds them, and `info_nce` compares them. This page adds a
second loss, so that the first 64 numbers of a vector are useful by themselves.
The loop is written for TensorFlow. The last part shows the short way, which
works on all backends. The guide has more: :doc:`How it works </how_it_works>`.
"""

# %%
# Sentences
# ---------

import itertools

import keras
import matplotlib.pyplot as plt
import tensorflow as tf

import keras_mirror
from keras_mirror.losses import info_nce

WHO = "a man|a woman|my sister|the teacher|an old sailor|my neighbor"
DOES = """plays the guitar|repairs a bicycle|reads a newspaper|cooks a soup
waits for the train|paints a wall|feeds the ducks|sings in a choir"""
WHERE = "in the park|at home|near the harbor|on a rainy day|in the morning"
parts = [part.replace("\n", "|").split("|") for part in (WHO, DOES, WHERE)]
sentences = [" ".join(each) for each in itertools.product(*parts)]
print(
    f"{len(sentences)} sentences, for example:", *sentences[::100], sep="\n  "
)

# %%
# The loop
# --------
# A batch has two views of each sentence, and each view is a dict of token ids
# and masks. In training, dropout makes them differ further.

keras.utils.set_random_seed(0)
model = keras_mirror.MirrorModel.from_preset("mirror_mini_lm_en")
optimizer = keras_mirror.optimizers.AdamW(learning_rate=3e-4)
dataset = keras_mirror.mirror_dataset(
    sentences, model.preprocessor, batch_size=48, seed=0
)
NUM_FIRST = 64


@tf.function(reduce_retracing=True)
def step(view_1, view_2):
    names = ("token_ids", "padding_mask")
    with tf.GradientTape() as tape:
        vectors = [
            model.encoder({name: view[name] for name in names}, training=True)
            for view in (view_1, view_2)
        ]
        whole = info_nce(*vectors, temperature=0.04)
        first = info_nce(*(v[:, :NUM_FIRST] for v in vectors), temperature=0.04)
        loss = whole + first
    variables = model.encoder.trainable_variables
    gradients = tape.gradient(loss, variables)
    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply(gradients, variables)
    return whole, first, norm


steps = []
for _ in range(3):
    steps += [[float(x) for x in step(*views)] for views in dataset]
print("step  whole  first  gradient norm")
for number in (0, 4, 9, len(steps) - 1):
    print(f"{number:4}" + "".join(f"{x:7.3f}" for x in steps[number]))

# %%
# Both losses fall. Whether 64 numbers are enough for your texts is a question
# for a test: :doc:`/gallery_pages/intervals` has one.

figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
axes.plot(steps, label=["whole vector", f"first {NUM_FIRST}", "gradient norm"])
axes.set(xlabel="step", yscale="log")
axes.legend()
plt.show()

# %%
# The short way
# -------------
# Where only the loss changes, override `compute_loss` and keep `fit`. This
# works on TensorFlow, JAX and PyTorch. `y_pred` holds both views, one after the
# other.


class FirstNumbersToo(keras_mirror.MirrorModel):
    def compute_loss(self, x, y, y_pred, *args, **kwargs):
        loss = super().compute_loss(x, y, y_pred, *args, **kwargs)
        return loss + super().compute_loss(x, y, y_pred[:, :NUM_FIRST])


short = FirstNumbersToo.from_preset("mirror_mini_lm_en")
short.compile()
history = short.fit(sentences, batch_size=48, epochs=2, seed=0, verbose=0)
print("loss per epoch:", *(f"{x:.3f}" for x in history.history["loss"]))
