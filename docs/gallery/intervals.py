"""
Is it better, or is it chance?
==============================

**The question.** One encoder scores 80 and another one 83 on your test. Is the
second one better?

**The answer.** Ask for the interval of the *difference*. Both encoders saw the
same pairs, so that the difference moves less than each score. The guide has
more: :doc:`Evaluate </evaluate>`.
"""

# %%
# A test of your own
# ------------------
# Forty pairs have a score from 0 (nothing in common) to 5 (the same). Half an
# hour of work makes such a test for your own texts.

import matplotlib.pyplot as plt
import numpy as np

import keras_mirror
from keras_mirror.evaluation import SimilarityTask
from keras_mirror.evaluation import TfidfBaseline
from keras_mirror.evaluation import evaluate

PAIRS = """5|The shop is closed today|The store is not open today
5|Where can I park my car?|Is there a place to leave my car?
5|The soup was cold|They served us cold soup
5|I lost my passport|My passport is gone
5|The train is late|The train has a delay
4|He fixes old radios|He repairs electronic devices from long ago
4|She bought a house near the sea|She owns a home at the coast
4|The film was boring|I did not enjoy the movie much
4|We hiked up the mountain|We walked in the Alps
4|The children play football|Kids are kicking a ball
4|My phone does not charge|The battery of my phone stays empty
4|The exam was easy|Nobody failed the test
3|The dog barks at the postman|The dog is loud
3|He cooks rice with vegetables|He is making dinner
3|The bridge is under repair|The road over the river is closed
3|She plays the violin|She is a member of an orchestra
3|It snowed all night|The streets are white
3|The museum is free on Sundays|Tickets for the museum cost ten euros
3|My flight was cancelled|I have to stay at the airport
2|The bank raised its fees|I opened an account at a bank
2|The baby sleeps|The mother reads a book beside the bed
2|We need more chairs|The table is too small
2|The cat sits on the roof|The cat does not like milk
2|He runs every morning|He goes to bed early
2|The bus stops here|The tram leaves from the other side
2|She wrote a letter|She received an email
1|The bank of the river is muddy|The bank is closed on Saturday
1|He plays chess|He plays the drums
1|A mouse ran across the kitchen|The mouse of my computer is broken
1|The light is red|The bag is light
1|They painted the wall|They climbed over the wall
1|The spring was warm|The spring in the chair is broken
1|The match was a draw|I cannot light the match
0|The shop is closed today|Elephants live in herds
0|She speaks three languages|The roof needs new tiles
0|The milk is sour|He was elected last year
0|Our team won the cup|A comet was seen at night
0|The printer is out of paper|We swam in the lake
0|He broke his leg|The recipe asks for two eggs
0|The lesson begins at nine|Gold is a heavy metal"""
scores, texts_1, texts_2 = zip(
    *(line.split("|") for line in PAIRS.splitlines()), strict=True
)
task = SimilarityTask(
    name="my pairs",
    texts_1=list(texts_1),
    texts_2=list(texts_2),
    scores=[float(score) for score in scores],
)

# %%
# Scores and differences
# ----------------------
# The interval holds the scores that other pairs of this kind would have given,
# in 95 of 100 cases. It comes from drawing the pairs anew a thousand times.

models = {
    "TF-IDF": TfidfBaseline(),
    "language model": keras_mirror.MirrorModel.from_preset("mirror_mini_lm_en"),
    "mirror_student_en": keras_mirror.MirrorModel.from_preset(
        "mirror_student_en"
    ),
}
row = evaluate(models, [task]).rows[0]
for name, score in zip(models, row.scores, strict=True):
    low, high = score.interval
    print(f"{name:18}{score.value:6.2f}   95%: {low:5.2f} to {high:5.2f}")
print("difference to TF-IDF")
for name, score in zip([*models][1:], row.differences, strict=True):
    low, high = score.interval
    verdict = "for certain" if low > 0 or high < 0 else "may be chance"
    print(
        f"{name:18}{score.value:+6.2f}   95%: {low:+5.2f} to {high:+5.2f}"
        f"   {verdict}"
    )

# %%
# The picture shows the same: the scores above, and the differences below.

figure, both = plt.subplots(2, figsize=(8, 4), layout="constrained")
panels = (row.scores, [*models]), (row.differences, [*models][1:])
titles = ("Spearman", "Spearman minus that of TF-IDF")
for axes, (values, names), title in zip(both, panels, titles, strict=True):
    for place, score in enumerate(values):
        axes.plot(score.interval, [place, place], color="C0", linewidth=2)
        axes.plot(score.value, place, "o", color="C0")
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel=title)
    axes.set_ylim(len(names) - 0.5, -0.5)
both[1].axvline(0, color="gray", linestyle=":")
plt.show()

# %%
# How many pairs?
# ---------------
# The width shrinks with the square root of the number of pairs: half the width
# takes four times the pairs.

generator = np.random.default_rng(0)
embeddings = {
    text: vector
    for text, vector in zip(
        task.texts(),
        models["mirror_student_en"].encode_text(task.texts()),
        strict=True,
    )
}
for count in (10, 20, 40):
    widths = []
    for _ in range(5):
        rows = generator.choice(len(scores), count, replace=False)
        part = SimilarityTask(
            name="part",
            texts_1=[texts_1[row] for row in rows],
            texts_2=[texts_2[row] for row in rows],
            scores=[float(scores[row]) for row in rows],
        )
        result = part.score(lambda texts: [embeddings[x] for x in texts])[0]
        low, high = result.score.interval
        widths.append(high - low)
    print(f"{count} pairs: the interval is {np.mean(widths):.2f} wide")
