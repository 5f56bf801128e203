"""
Classify with few labels
========================

**The question.** You want to sort messages into classes, and you have only a
few labeled ones per class. Does an encoder help?

**The answer.** It helps most where labels are few, because words of the same
meaning are near each other before anyone labels them. Put the encoder into a
pipeline of scikit-learn, and always compare with TF-IDF. The guide has more:
:doc:`Choose </choose>`, :doc:`Results </results>`.
"""

# %%
# Messages
# --------
# A smart home understands six intents. Each has sixteen messages.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from keras_mirror.integrations.scikit_learn import MirrorTransformer

MESSAGES = {
    "light": """turn on the lamp in the hall / it is too dark in here
        switch off all lights / make the kitchen brighter / dim the bedroom
        lights out please / I need more light to read / set the lamp to blue
        illuminate the garden / the bulb in the bath should go off
        leave a night light on / half brightness in the living room
        can you light up the stairs / turn the desk lamp down
        nobody is here so make it dark / wake me with a bright room""",
    "music": """play some jazz / next song please / turn the volume up
        stop the music / put on my running playlist / who sings this track
        I want to hear the new album / something quiet for the evening
        play the radio / louder please / repeat that tune
        skip this one / shuffle my favorite artists / pause the song
        play a lullaby for the baby / what about some rock and roll""",
    "weather": """will it rain tomorrow / how cold is it outside
        do I need an umbrella / is it sunny at the weekend
        what is the forecast / how strong is the wind / will there be snow
        temperature for tonight / is a storm coming / can we go out
        how hot does it get today / is it freezing
        when does the sun come out / is there fog on the road
        do the kids need warm jackets / how humid is it""",
    "timer": """wake me at seven / set a timer for ten minutes
        how much time is left / remind me in an hour / stop the alarm
        count down from sixty seconds / my eggs need four minutes
        alarm for half past six / cancel the timer / snooze please
        tell me when a quarter of an hour is over / start the stopwatch
        ring at noon / add five more minutes / I must get up early tomorrow
        is my alarm on""",
    "shopping": """add milk to the list / we are out of bread
        order more coffee / what do I have to buy / remove eggs from my list
        put tomatoes on the shopping list / buy new batteries
        I need toothpaste / get two bottles of juice / clear the grocery list
        is butter on my list / we need food for the cat
        write down sugar and flour / the fridge has no cheese left
        reorder the dish soap / find me a cheap kettle""",
    "calendar": """what is on my schedule today / book a meeting with Ana
        move the dentist to Friday / am I free tomorrow afternoon
        cancel the call at three / when is my next appointment
        add a birthday party on Saturday / who is coming to the meeting
        what are my plans for the weekend / invite Tom to lunch
        how busy am I next week / delete the event on Monday
        plan a visit to my parents / when do my holidays begin
        put the concert in my diary / reschedule the interview""",
}
texts, labels = [], []
for label, lines in MESSAGES.items():
    messages = [m.strip() for m in lines.replace("\n", "/").split("/")]
    texts += messages
    labels += [label] * len(messages)
texts, labels = np.array(texts), np.array(labels)
print(len(texts), "messages:", *np.unique(labels, return_counts=True))

# %%
# A pipeline
# ----------
# `MirrorTransformer` is a step of scikit-learn. With `fine_tune=False` it only
# encodes.

encoder = MirrorTransformer("mirror_student_en", fine_tune=False)
classifier = make_pipeline(encoder, LogisticRegression(C=10))
rows = np.arange(0, len(texts), 2)
classifier.fit(texts[rows], labels[rows])
for text in ("it is so gloomy", "what do I wear outside", "any dates today?"):
    print(f"{text:25}{classifier.predict([text])[0]}")

# %%
# How many labels?
# ----------------
# We draw some labeled messages per class ten times, and test on all others. The
# vectors do not depend on the labels, so we compute them once.

vectors = {
    "TF-IDF": TfidfVectorizer().fit_transform(texts),
    "mirror_student_en": encoder.transform(texts),
}
counts = (1, 2, 4, 8)
accuracies = {name: [] for name in vectors}
for count in counts:
    draws = []
    for seed in range(10):
        generator = np.random.default_rng(seed)
        draws.append(
            np.concatenate(
                [
                    generator.choice(np.flatnonzero(labels == x), count, False)
                    for x in MESSAGES
                ]
            )
        )
    for name, features in vectors.items():
        scores = []
        for rows in draws:
            others = np.setdiff1d(np.arange(len(texts)), rows)
            model = LogisticRegression(C=10, max_iter=1000)
            model.fit(features[rows], labels[rows])
            scores.append(model.score(features[others], labels[others]))
        accuracies[name].append(scores)
print("labels per class:", *(f"{count:12}" for count in counts))
for name, scores in accuracies.items():
    cells = [f"{np.mean(s):5.0%} ± {np.std(s):4.0%}" for s in scores]
    print(f"{name:18}", *cells)

# %%
# The bands are one standard deviation of the draws. Only the labels of the
# training messages cost work.

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, scores in accuracies.items():
    mean, deviation = np.mean(scores, axis=1), np.std(scores, axis=1)
    axes.plot(counts, mean, "o-", label=name)
    axes.fill_between(counts, mean - deviation, mean + deviation, alpha=0.2)
axes.set(xscale="log", xlabel="labeled messages per class", ylim=(0, 1))
axes.set_xticks(counts, counts)
axes.set_ylabel("accuracy on the others")
axes.legend(loc="lower right")
plt.show()

# %%
# Where a single word gives the class away, TF-IDF catches up with more labels.
# :doc:`Results </results>` has such a task: there TF-IDF wins.
