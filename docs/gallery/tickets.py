"""
Search and map your tickets
===========================

**The question.** You have some hundred support tickets and no labels. You want
to find old tickets that say the same as a new one, and you want to see what
all of them are about.

**The answer.** Encode each ticket once, and put the vectors into an index. The
index answers searches, groups the tickets and draws a map of them. The guide
has more: :doc:`Search </semantic_search>`, :doc:`Clusters and maps
</clusters_and_maps>`.
"""

# %%
# The tickets
# -----------
# A ticket is a complaint and an ending, so that 60 complaints make 240
# tickets. The subjects only serve to check the result. The encoder never sees
# them.

import pathlib
import tempfile

import matplotlib.pyplot as plt

import keras_mirror
from keras_mirror import maps
from keras_mirror import search

COMPLAINTS = {
    "printing": """The printer has a paper jam
        The toner is empty
        Pages come out of the printer blank
        There are grey stripes on every print
        The printer does not print on both sides
        The color printer prints everything in pink
        My print job waits in the queue
        The plotter does not take large paper
        The label printer prints crooked
        The copier asks for a new drum""",
    "passwords": """Please reset my password
        My account is locked after three wrong attempts
        The code from my phone is not accepted at login
        I cannot log in with my new password
        My password expired while I was away
        I forgot the PIN of my token
        The login page says that my user name is unknown
        Please unlock the account of my colleague
        The second factor does not arrive on my phone
        I mistyped my password and am locked out""",
    "network": """The VPN disconnects every few minutes
        There is no internet connection
        The Wi-Fi is very slow
        The file server cannot be reached
        The network socket at my desk is dead
        Web pages load very slowly
        The VPN does not connect from my hotel
        The wireless signal is weak in the meeting room
        The network drive is not there
        Video calls lose the connection""",
    "crashes": """Excel closes by itself without any message
        Outlook freezes when I open a large mail
        After the update the program stops with an error
        My computer shows a blue screen
        The browser crashes as soon as I open a second tab
        The accounting program hangs when I save
        Word stops responding after a few minutes
        The program ends with a memory error
        The application does not start after the update
        My computer restarts by itself""",
    "invoices": """The invoice has the wrong amount
        When will the bill of our supplier be paid?
        I was charged twice for the same order
        Please send the receipt to accounting
        The invoice has no order number
        My travel expenses were not paid
        The supplier sent a reminder for an unpaid bill
        The tax on the invoice is wrong
        The refund for the order has not arrived
        The credit note was booked twice""",
    "doors": """My badge does not open the door
        A new colleague needs access to the building
        The lock of the meeting room is broken
        I lost the key card of the office
        The gate of the car park stays closed
        Please extend my badge until the end of the year
        The door to the lab does not close
        My visitor needs a badge for the entrance
        The card reader at the entrance blinks red
        I need a key for my locker""",
}
ENDINGS = ["{}", "{} since Monday", "Hello, {}, thank you", "{} again, urgent"]

rows = [
    (ending.format(complaint.strip()), subject)
    for subject, complaints in COMPLAINTS.items()
    for complaint in complaints.splitlines()
    for ending in ENDINGS
]
texts, subjects = zip(*rows, strict=True)
print(f"{len(texts)} tickets, for example:", *texts[:220:55], sep="\n  ")

# %%
# An index
# --------
# `mirror_student_en` is in the package and needs no network. Metadata of a
# ticket may be any strings and numbers. A search can filter by them.

model = keras_mirror.MirrorModel.from_preset("mirror_student_en")
index = search.Index(model)
index.add(
    texts,
    metadata=[
        {"year": 2025 + number % 2, "source": ["mail", "phone"][number % 3 > 0]}
        for number in range(len(texts))
    ],
)
print(len(index), "tickets in the index")

# %%
# Search
# ------
# The queries use other words than the right tickets do. Compare the first
# answer by vectors with the first one by keywords (BM25).

queries = [
    "my PC reboots all the time",
    "I do not remember my credentials",
    "how can a guest come in?",
    "the copies look striped",
]
for query in queries:
    print(query)
    for mode in ("vector", "keyword"):
        [[found]] = index.query(query, k=1, mode=mode)
        print(f"  {mode:8}{found.score:5.2f}  {found.text}")

# %%
# A filter, and both kinds of search in one:

[found] = index.query(
    "money back, paid two times",
    k=3,
    mode="hybrid",
    where="source = 'phone' AND year = 2026",
)
for result in found:
    print(f"{result.score:5.2f}  {result.text}  {result.metadata}")

# %%
# What are they about?
# --------------------
# Nobody tells `cluster` how many groups there are. Their names are the words
# that set a group apart from the others.

clusters = search.cluster(model, index)
names = search.name_clusters(texts, clusters)
for group, name in zip(clusters, names, strict=True):
    inside = [subjects[row] for row in group.rows]
    largest = max(set(inside), key=inside.count)
    share = inside.count(largest) / len(inside)
    print(
        f"{len(inside):3} tickets  {', '.join(name.words):32}"
        f"{share:4.0%} {largest}"
    )

# %%
# The last column is the check: it shows the true subject that most tickets of
# a group have, and their share. Among so few words some names are function
# words, as the first one.

# %%
# A map
# -----
# `draw_map` writes a picture, and with `html=` also a page to explore: it
# shows the text under the mouse and has a search box.

folder = pathlib.Path(tempfile.mkdtemp())
made = maps.draw_map(
    model, index, png=folder / "map.png", html=folder / "map.html"
)
plt.figure(figsize=(10, 8), layout="constrained")
plt.imshow(plt.imread(folder / "map.png"))
plt.axis("off")
plt.show()
