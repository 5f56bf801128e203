"""
Train half a percent of the weights with LoRA
=============================================

**The question.** Your language model is large, and you adapt it to many fields.
Must each field keep all weights?

**The answer.** No. LoRA adds two small matrices to a layer and trains only
these. keras-hub adds them to a backbone with one call, and `fit` goes on as
before. Adapters want a learning rate about thirty times as large. The guide has
more: :doc:`Train </train>`.
"""

# %%
# Texts and a test
# ----------------
# The corpus is unlabeled. For the test, each question has an answer that says
# the same in other words.

import itertools
import pathlib
import tempfile

import keras

import keras_mirror
from keras_mirror.evaluation import PairTask
from keras_mirror.evaluation import evaluate

THINGS = ["bicycle", "tent", "kayak", "pair of skis", "camera", "piano"]
ASKED = [
    ("How much is it to rent a {}?", "The price for borrowing a {}"),
    ("My {} is broken, can you mend it?", "Repairs of a {}"),
    ("When do I have to return the {}?", "Last day to bring back a {}"),
    ("I want to cancel my order of a {}", "Taking back the booking of a {}"),
    ("Is a {} there for children?", "A {} in sizes for kids"),
    ("Can you deliver a {} to my hotel?", "Bringing a {} to your door"),
]
pairs = [
    (question.format(thing), answer.format(thing))
    for (question, answer), thing in itertools.product(ASKED, THINGS)
]
corpus = [text for pair in pairs for text in pair]
task = PairTask(name="answers", pairs=pairs)
print(f"{len(corpus)} texts, for example:", *corpus[:2], sep="\n  ")

# %%
# Three ways
# ----------
# The first model stays as it is, the second trains all weights, and the third
# trains adapters of rank 4.


def train(name, rank, learning_rate, epochs):
    keras.utils.set_random_seed(0)
    model = keras_mirror.MirrorModel.from_preset(
        "mirror_mini_lm_en",
        recipe="paper_sentence",
        learning_rate=learning_rate,
    )
    if rank:
        model.encoder.backbone.enable_lora(rank)
    trained = sum(
        weight.shape.num_elements() for weight in model.trainable_weights
    )
    if epochs:
        model.compile()
        model.fit(corpus, batch_size=36, epochs=epochs, seed=0, verbose=0)
    print(f"{name:12}{trained if epochs else 0:10,} weights train")
    return model


models = {
    "as it was": train("as it was", 0, 3e-4, 0),
    "all weights": train("all weights", 0, 3e-4, 8),
    "LoRA": train("LoRA", 4, 1e-2, 8),
}

# %%
# What it gave
# ------------
# Each question looks for its answer among all answers. Adapters come near to
# what all weights give, with a rate of 1e-2: at 3e-3 they gained nothing here.
# They save memory and space, and take nearly as long.

evaluation = evaluate(models, [task])
for row in evaluation.rows:
    print(row.metric)
    for name, score in zip(models, row.scores, strict=True):
        low, high = score.interval
        print(f"  {name:12}{score.value:5.0%}   95%: {low:4.0%} to {high:4.0%}")

# %%
# Keep it
# -------
# An archive holds the weights as they were and the adapters beside them, so
# that training can go on where it ended.

model = models["LoRA"]
path = pathlib.Path(tempfile.mkdtemp()) / "lora.keras"
model.save(path)
same = keras.saving.load_model(path)
difference = same.encode_text(corpus) - model.encode_text(corpus)
print(f"largest difference after loading: {abs(difference).max():.1e}")
print(len(same.encoder.trainable_weights), "weights still train")
