"""
Export to a browser with ONNX
=============================

**The question.** You want vectors in a web page, with no server, so that the
text stays with the user. How does your encoder get there?

**The answer.** `export` writes an ONNX file and a ``tokenizer.json``. ONNX
Runtime exists for Python, JavaScript, phones and C++. This page runs the file
in Python without Keras, and then shows the page for the browser. The guide has
more: :doc:`Export </export>`.
"""

# %%
# Two exports
# -----------
# The graph is in ``encoder.onnx``. The folder of the other export has the
# tokenizer.

import pathlib
import tempfile

import numpy as np
import onnxruntime
import tokenizers

import keras_mirror

folder = pathlib.Path(tempfile.mkdtemp())
model = keras_mirror.MirrorModel.from_preset("mirror_student_en")
model.export(folder / "encoder.onnx", format="onnx")
model.export(folder / "folder")
for path in (folder / "encoder.onnx", folder / "folder" / "tokenizer.json"):
    print(f"{path.name:16}{path.stat().st_size / 1e6:6.1f} MB")

# %%
# Without Keras
# -------------
# Only `onnxruntime` and `tokenizers` are used here. The card beside the file
# (``encoder.onnx.md``) has these lines for your encoder.

session = onnxruntime.InferenceSession(folder / "encoder.onnx")
tokenizer = tokenizers.Tokenizer.from_file(
    str(folder / "folder" / "tokenizer.json")
)
tokenizer.encode_special_tokens = True
tokenizer.enable_truncation(model.preprocessor.sequence_length)
tokenizer.enable_padding(pad_id=0)


def encode(texts):
    rows = tokenizer.encode_batch(texts)
    inputs = {
        "token_ids": np.array([row.ids for row in rows], "int32"),
        "padding_mask": np.array([row.attention_mask for row in rows], "int32"),
    }
    return session.run(["embeddings"], inputs)[0]


texts = [
    "A man is playing a guitar.",
    "Someone makes music.",
    "The stock market fell on Friday.",
]
vectors = encode(texts)
difference = abs(vectors - model.encode_text(texts)).max()
print(f"largest difference to `encode_text`: {difference:.1e}")
print(model.similarity(vectors, vectors).round(2))

# %%
# In the browser
# --------------
# Put ``encoder.onnx`` and ``tokenizer.json`` beside this page, and serve the
# folder with ``python -m http.server``. The building of this site does not run
# the page, because that needs a browser. We opened it by hand in Chromium, with
# onnxruntime-web 1.31 and transformers.js 4.3.2 from a local folder.
#
# .. literalinclude:: ../gallery/browser.html
#    :language: html
