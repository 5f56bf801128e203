"""
Find duplicates in a product list
=================================

**The question.** Two shops merge their product lists. The same product stands
there twice, in other words. Which lines are the same product?

**The answer.** Look for pairs with a high cosine, and look at what they have in
common. An encoder sees that *flask* and *bottle* mean nearly the same. It
hardly sees that *2 pieces* and *5 pieces* do not. A rule for numbers closes
that gap. The guide has more: :doc:`Duplicates </duplicates>`.
"""

# %%
# Two lists
# ---------
# Each product comes in three pack sizes. Shop A and shop B name it in their own
# words. Two lines are duplicates if product *and* size are the same.

import re

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

import keras_mirror
from keras_mirror import search

NAMES = """stainless steel water bottle | steel drinking flask for water
    wooden cutting board | chopping board made of wood
    cotton bath towel | bathroom towel, pure cotton
    wireless computer mouse | cordless mouse for computers
    ceramic coffee mug | coffee cup, ceramic
    folding camping chair | camp chair, foldable
    LED desk lamp | table lamp with LED
    leather wallet for men | men's purse, leather
    noise cancelling headphones | headphones that block out noise
    electric kettle | water boiler, electric
    garden hose | hose for watering the garden
    rubber yoga mat | mat for yoga, made of rubber
    children's bicycle helmet | bike helmet for kids
    waterproof rain jacket | raincoat, waterproof
    down sleeping bag | sleeping bag filled with down
    cast iron frying pan | skillet, cast iron
    kitchen scale with display | digital scale for the kitchen
    laptop backpack | rucksack for notebooks
    glass salad bowl | bowl of glass for salad
    plastic storage box | plastic container for storage
    window cleaning cloth | cloth for cleaning windows
    paper shopping bag | carrier bag made of paper
    dog leash | lead for dogs
    alarm clock | clock with an alarm
    wall mirror | mirror to hang on the wall"""
SIZES = (2, 5, 10)
names = [[x.strip() for x in line.split("|")] for line in NAMES.splitlines()]
shop_a = [f"{name}, pack of {size}" for name, _ in names for size in SIZES]
shop_b = [f"{name} ({size} pieces)" for _, name in names for size in SIZES]
products = [*shop_a, *shop_b]
same = {(row, row + len(shop_a)) for row in range(len(shop_a))}
print(*products[:4], *shop_b[:4], sep="\n")

# %%
# Cosines of the pairs
# --------------------
# The picture has three kinds of pairs: the same product in the same size, the
# same product in another size, and different products.

model = keras_mirror.MirrorModel.from_preset("mirror_student_en")
vectors = model.encode_text(products)
cosines = model.similarity(vectors, vectors)
rows, columns = np.triu_indices(len(products), k=1)
product = np.arange(len(products)) % len(shop_a) // len(SIZES)
size = np.arange(len(products)) % len(SIZES)
is_product = product[rows] == product[columns]
is_size = size[rows] == size[columns]
kinds = {
    "different products": ~is_product,
    "same product, other size": is_product & ~is_size,
    "the same": is_product & is_size,
}
figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
for name, kind in kinds.items():
    pairs = cosines[rows[kind], columns[kind]]
    axes.hist(pairs, 40, range=(0, 1), density=True, alpha=0.6, label=name)
axes.set(xlabel="cosine", ylabel="density")
axes.legend()
plt.show()

# %%
# No threshold separates the last two kinds: an encoder reads numbers as words
# that are much alike.

# %%
# Pairs, and a rule for numbers
# -----------------------------
# The rule keeps a pair if both lines have the same numbers. TF-IDF of
# characters is the baseline. For each way, we take the threshold
# with the best F1. That needs the true answer, and it flatters all
# four ways alike.

numbers = np.array([re.findall(r"\d+", text) for text in products]).ravel()
is_allowed = numbers[rows] == numbers[columns]
letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
rows_of_letters = letters.fit_transform(products)
cosines_of_letters = (rows_of_letters @ rows_of_letters.T).toarray()


def print_best(name, cosines):
    """Prints the threshold with the best F1, and its precision and recall."""
    best = (0, 0, 0, 0)
    for threshold in np.arange(0.1, 1, 0.02):
        is_found = cosines >= threshold
        precision = kinds["the same"][is_found].mean() if is_found.any() else 0
        recall = is_found[kinds["the same"]].mean()
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        best = max(best, (f1, threshold, precision, recall))
    f1, threshold, precision, recall = best
    print(f"{name:22}{threshold:9.2f}{precision:11.0%}{recall:8.0%}{f1:6.0%}")


print(f"{'':22}threshold  precision  recall    F1")
print_best("TF-IDF", cosines_of_letters[rows, columns])
print_best("TF-IDF and numbers", cosines_of_letters[rows, columns] * is_allowed)
print_best("cosine", cosines[rows, columns])
print_best("cosine and numbers", cosines[rows, columns] * is_allowed)

# %%
# Errors
# ------
# `find_duplicates` compares all lines without the matrix above, also among
# many. Before you delete lines, look at the pairs next to the threshold.

pairs = [
    pair
    for pair in search.find_duplicates(model, products, threshold=0.66)
    if numbers[pair.row_1] == numbers[pair.row_2]
]
found = {(pair.row_1, pair.row_2) for pair in pairs}
print("wrong:")
for similarity, row_1, row_2 in pairs:
    if (row_1, row_2) not in same:
        print(f"  {similarity:.2f}  {products[row_1]} | {products[row_2]}")
print("missed:")
for row_1, row_2 in sorted(same - found)[:12:3]:
    print(
        f"  {cosines[row_1, row_2]:.2f}  {products[row_1]} | {products[row_2]}"
    )
