"""
Encode many files with Ray
==========================

**The question.** You have millions of texts in many files, and several machines
or many cores. How do you encode all of them, and what happens if a machine
dies?

**The answer.** `encode_files` cuts the files into shards and writes one Parquet
file per shard. With ``engine="ray"`` the workers of Ray encode them. If the
run stops, call it again: finished shards are skipped. The guide has more:
:doc:`Many texts and several devices </scale>`.
"""

# %%
# Files
# -----
# Three files of 400 texts stand for many large ones.

import pathlib
import tempfile
import time

import numpy as np
import pyarrow.parquet

from keras_mirror.bulk import ShardPlan
from keras_mirror.bulk import encode_files

folder = pathlib.Path(tempfile.mkdtemp())
paths = []
for number in range(3):
    path = folder / f"texts-{number}.txt"
    lines = [f"order {number}{i:03} is late" for i in range(400)]
    path.write_text("\n".join(lines) + "\n")
    paths.append(str(path))
vectors = str(folder / "vectors")

# %%
# Encode
# ------
# Each worker loads the encoder once, which takes most of the time of so small a
# run. On a cluster, set ``RAY_ADDRESS`` and nothing else. Ray prints the first
# lines itself.

begin = time.monotonic()
plan = ShardPlan(tuple(paths[:2]), rows_per_shard=200)
counts = encode_files(
    "mirror_student_en", plan, vectors, engine="ray", num_workers=2
)
print(counts)
print(f"{time.monotonic() - begin:.0f} s")

# %%
# More files
# ----------
# A third file has come. The same call with a longer plan encodes that file
# only: four of the six shards are found.

plan = ShardPlan(tuple(paths), rows_per_shard=200)
counts = encode_files("mirror_student_en", plan, vectors)
print(counts)

# %%
# What was written
# ----------------
# The vectors are plain Parquet files, so that any other program can read them.

for path in sorted(pathlib.Path(vectors).glob("*"))[:4]:
    print(path.name)
table = pyarrow.parquet.read_table(vectors)
print(table.schema.remove_metadata())
rows = np.stack(table["vector"].to_numpy())
print(rows.shape, "the first id:", pathlib.Path(table["id"][0].as_py()).name)
