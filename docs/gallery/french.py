"""
French, with an XLM-R in miniature
==================================

**The question.** Your texts are French, or in any language that has no strong
encoder yet. How do you train one from a language model?

**The answer.** Take a language model that knows the language, and mirror it.
The code is the same for every language. This page has no network and so no
French language model. It builds one of the same kind as XLM-R, with a
vocabulary of French and *random weights*. That shows every step. It cannot show
the quality of a pretrained model: before training, the miniature knows nothing
of French. The guide has more: :doc:`Choose </choose>`, :doc:`How it works
</how_it_works>`.
"""

# %%
# Sentences
# ---------

import io
import itertools

import keras
import keras_hub
import matplotlib.pyplot as plt
import numpy as np
import sentencepiece

import keras_mirror

SUBJECTS = """le chat | la voisine | mon grand-père | un petit garçon
    | notre professeur | la boulangère | le facteur | une jeune fille"""
ACTIONS = """dort sur le canapé | mange une pomme | lit le journal
    | prépare le dîner | chante une chanson | répare son vélo
    | attend le bus | regarde la télévision | arrose les fleurs
    | cherche ses clés"""
TIMES = "ce matin | tous les soirs | après l'école | pendant la pluie"

parts = [[x.strip() for x in t.split("|")] for t in (SUBJECTS, ACTIONS, TIMES)]
sentences = [" ".join(each) + "." for each in itertools.product(*parts)]
print(
    f"{len(sentences)} sentences, for example:", *sentences[::110], sep="\n  "
)

# %%
# The miniature
# -------------
# SentencePiece cuts words into pieces, as for XLM-R. Two layers of 64 numbers
# take the place of twelve layers of 768.

vocabulary = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(sentences),
    model_writer=vocabulary,
    vocab_size=80,
    unk_id=0,
    bos_id=1,
    eos_id=2,
    minloglevel=2,
)
keras.utils.set_random_seed(0)
tokenizer = keras_hub.models.XLMRobertaTokenizer(vocabulary.getvalue())
backbone = keras_hub.models.XLMRobertaBackbone(
    vocabulary_size=tokenizer.vocabulary_size(),
    num_layers=2,
    num_heads=4,
    hidden_dim=64,
    intermediate_dim=128,
    max_sequence_length=32,
)
model = keras_mirror.MirrorModel(
    keras_mirror.SentenceEncoder(backbone, pooling_mode="mean"),
    keras_mirror.MirrorPreprocessor(tokenizer, sequence_length=32),
    recipe=keras_mirror.recipes.get_recipe(
        "paper_sentence", pooling_mode="mean", learning_rate=1e-3
    ),
)
pieces = model.preprocessor.tokenize(["la voisine prépare le dîner."])[0]
print([tokenizer.id_to_token(piece) for piece in pieces])

# %%
# With a network, one line takes the place of all this, and the rest of the page
# stays as it is::
#
#     model = keras_mirror.MirrorModel.from_preset("xlm_roberta_base")

# %%
# Mirror it
# ---------
# Cosines of all pairs of sentences, before and after. Two sentences may share
# who, what, or when.


def cosines():
    vectors = model.encode_text(sentences)
    return model.similarity(vectors, vectors)


before = cosines()
model.compile(metrics=["alignment", "uniformity"])
history = model.fit(sentences, batch_size=80, epochs=15, verbose=0)
after = cosines()
for epoch in (0, 14):
    logs = {name: values[epoch] for name, values in history.history.items()}
    print(
        f"epoch {epoch + 1:2}:",
        ", ".join(f"{name} {value:.2f}" for name, value in logs.items()),
    )

# %%
# What changed
# ------------
# The random model puts all sentences close together. Mirroring spreads them,
# and what they share decides how near they stay.

places = np.array(list(itertools.product(*(range(len(p)) for p in parts))))
num_shared = (places[:, None] == places[None]).sum(axis=-1)
figure, both = plt.subplots(
    1, 2, figsize=(9, 3.2), sharey=True, layout="constrained"
)
for axes, values, title in zip(
    both, (before, after), ("before", "after"), strict=True
):
    for shared in range(3):
        axes.hist(
            values[num_shared == shared],
            60,
            range=(-0.5, 1),
            density=True,
            alpha=0.6,
            label=f"{shared} of 3 parts shared",
        )
    axes.set(title=f"{title} mirroring", xlabel="cosine")
both[1].legend()
plt.show()

# %%
# The nearest sentences share words with the query. A pretrained XLM-R also
# knows words that mean the same, and the miniature cannot know those.

query = "la voisine cherche un journal pendant la pluie."
nearest = model.similarity(
    model.encode_text([query]), model.encode_text(sentences)
)[0]
print(query)
for row in nearest.argsort()[::-1][:4]:
    print(f"  {nearest[row]:.2f}  {sentences[row]}")
