"""
Link names to a terminology
===========================

**The question.** You have a list of concepts with their official names, and
users write other names. Which concept does each name mean?

**The answer.** Encode the official names, and take the nearest one. A raw
language model does this badly, and an encoder of sentences does it well. The
recipe ``phrase`` mirrors a language model on the names themselves, without any
pair of a name and its concept. This page compares all of them with TF-IDF. The
guide has more: :doc:`Choose </choose>`, :doc:`Evaluate </evaluate>`.
"""

# %%
# A terminology
# -------------
# Each line has official names, and behind the bar what people write.

import keras
import matplotlib.pyplot as plt

import keras_mirror
from keras_mirror.evaluation import LinkingTask
from keras_mirror.evaluation import TfidfBaseline
from keras_mirror.evaluation import evaluate

CONCEPTS = """cephalalgia; headache | pain in my head
    pyrexia; fever; elevated temperature | feeling feverish and hot
    dyspnea; shortness of breath | cannot get enough air
    emesis; vomiting | throwing up
    nausea; queasiness | feeling sick to the stomach
    vertigo; dizziness | the room is spinning
    insomnia; sleeplessness | cannot sleep at night
    pruritus; itching | itchy skin
    fatigue; tiredness; exhaustion | always tired
    tussis; cough | coughing a lot
    rhinorrhea; runny nose | nose is running
    pharyngitis; sore throat | throat hurts
    otalgia; earache | pain in the ear
    myalgia; muscle pain | sore muscles
    arthralgia; joint pain | aching joints
    lumbago; low back pain | lower back hurts
    gastralgia; stomach pain | stomach ache
    diarrhea; loose stools | loose bowels
    obstipation; constipation | constipated for days
    hypertension; high blood pressure | raised blood pressure
    hypotension; low blood pressure | blood pressure too low
    tachycardia; rapid heart rate | heart is racing
    thoracalgia; chest pain | pain in the chest
    hemorrhage; bleeding | bleeds a lot
    epistaxis; nosebleed | nose is bleeding
    edema; swelling | swollen legs
    exanthema; skin rash | red spots on the skin
    fracture; broken bone | broke my arm bone
    contusion; bruise | bruised knee
    amnesia; memory loss | forgetting things, losing memory
    anorexia; loss of appetite | no appetite
    dysphagia; difficulty swallowing | trouble swallowing"""
official, written = [], []
for number, line in enumerate(CONCEPTS.splitlines()):
    names, name = line.split("|")
    official += [(each.strip(), f"C{number}") for each in names.split(";")]
    written.append((name.strip(), f"C{number}"))
dictionary_names, dictionary_ids = map(list, zip(*official, strict=True))
names, concept_ids = map(list, zip(*written, strict=True))
task = LinkingTask(
    name="symptoms",
    names=names,
    concept_ids=concept_ids,
    dictionary_names=dictionary_names,
    dictionary_ids=dictionary_ids,
)
print(len(names), "names for", len(dictionary_names), "official names")

# %%
# Mirror a language model on the names
# ------------------------------------
# The corpus has all names, official or not, and no link between them. So few
# texts make one batch. Twenty epochs are twenty steps.

keras.utils.set_random_seed(1)
raw = keras_mirror.MirrorModel.from_preset("mirror_mini_lm_en", recipe="phrase")
mirrored = keras_mirror.MirrorModel.from_preset(
    "mirror_mini_lm_en", recipe="phrase"
)
corpus = [*dictionary_names, *names]
mirrored.compile(metrics=["alignment", "uniformity"])
history = mirrored.fit(
    corpus, batch_size=len(corpus), epochs=20, seed=1, verbose=0
)
for epoch in (0, 9, 19):
    logs = {name: values[epoch] for name, values in history.history.items()}
    print(
        f"epoch {epoch + 1:2}:",
        ", ".join(f"{name} {value:.3f}" for name, value in logs.items()),
    )

# %%
# Who links best?
# ---------------
# TF-IDF compares parts of words. `mirror_student_en` is a sentence encoder that
# learned from a teacher with labels, so that it starts far ahead.

models = {
    "TF-IDF": TfidfBaseline(),
    "language model, raw": raw,
    "the same, mirrored": mirrored,
    "mirror_student_en": keras_mirror.MirrorModel.from_preset(
        "mirror_student_en"
    ),
}
evaluation = evaluate(models, [task])
for row in evaluation.rows:
    print(row.metric)
    for name, score in zip(models, row.scores, strict=True):
        low, high = score.interval
        print(f"  {name:20}{score.value:5.0%}   95%: {low:4.0%} to {high:4.0%}")

# %%
# With so few names, mirroring moves little: it helps among the first five, and
# not at the first place. The bars are 95% intervals. Where they overlap as much
# as here, ask for the difference itself: :doc:`/gallery_pages/intervals` does.
# A sentence encoder is the better start wherever your language has one.

figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
for place, score in enumerate(evaluation.rows[1].scores):
    low, high = score.interval
    axes.plot([low, high], [place, place], color="C0", linewidth=2)
    axes.plot(score.value, place, "o", color="C0")
axes.set(
    yticks=range(len(models)),
    yticklabels=models,
    xlim=(0, 1),
    xlabel="accuracy@5",
)
axes.invert_yaxis()
plt.show()

# %%
# Links
# -----
# Before you trust a link, look at its cosine. `Index` finds the official names:

index = keras_mirror.search.Index(models["mirror_student_en"])
index.add(dictionary_names, metadata=[{"concept": x} for x in dictionary_ids])
for name, found in zip(names[:8], index.query(names[:8], k=1), strict=True):
    print(
        f"{name:28} {found[0].similarity:.2f}  "
        f"{found[0].metadata['concept']:4}{found[0].text}"
    )
