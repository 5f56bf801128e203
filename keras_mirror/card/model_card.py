import json
import re

from keras_mirror.card.card_sections import recipe_section
from keras_mirror.card.card_sections import scores_section
from keras_mirror.card.card_sections import training_section
from keras_mirror.card.card_sections import what_section
from keras_mirror.record.software import software_versions

LOAD_ARCHIVE = """\
import keras
import keras_mirror  # pip install keras-mirror

model = keras.saving.load_model("encoder.keras")
vectors = model.encode_text(["A man is playing a guitar."])
"""
TAGS = ("keras-mirror", "mirror-bert", "sentence-similarity")
# An owner and a repository of the Hugging Face Hub.
_HUB_ID = re.compile(r"hf://([\w.-]+/[\w.-]+)")


def model_card(model, title=None, how_to_load=None, library_name="keras"):
    """What a model is and where it comes from, as a Hugging Face README.md.

    Says the base, the recipe, the corpus by its size and its hash, versions,
    steps and seconds of training, and the scores that were given to
    `model.record`. No text of the corpus is in it, and of a local folder only
    its name.

    Args:
        model: A `MirrorModel`.
        title: String. Defaults to `None`: of what was made of which base.
        how_to_load: String, Python code that loads what the card lies beside,
            or Markdown that has code blocks of its own. Defaults to `None`:
            how a `.keras` archive is loaded.
        library_name: String, the library that loads it, as the Hugging Face
            Hub calls it: `"keras"`, `"sentence-transformers"` and others.
            Defaults to `"keras"`.

    Returns:
        A string of Markdown with a YAML header.

    Example:

    >>> print(model_card(model, title="Tiny").split("## ")[0])
    ---
    library_name: "keras"
    pipeline_tag: sentence-similarity
    tags:
    - keras-mirror
    - mirror-bert
    - sentence-similarity
    ---
    <BLANKLINE>
    # Tiny
    <BLANKLINE>
    Turns a text into a vector; texts of similar meaning are close in cosine.
    Made without labels by Mirror-BERT ([Liu et al.,
    2021](https://arxiv.org/abs/2104.08027)) in keras_mirror.
    <BLANKLINE>
    <BLANKLINE>
    """
    record = model.record
    versions = ", ".join(map(" ".join, software_versions().items()))
    sections = [
        _header(record, library_name),
        f"# {' '.join((title or _title(record)).split())}",
        "Turns a text into a vector; texts of similar meaning are close in "
        "cosine.\nMade without labels by Mirror-BERT ([Liu et al.,\n"
        "2021](https://arxiv.org/abs/2104.08027)) in keras_mirror.",
        f"## How to load\n\n{_code(how_to_load or LOAD_ARCHIVE)}",
        what_section(model),
        training_section(record),
        recipe_section(model.recipe),
        scores_section(record.scores),
        f"Written with {versions}.",
    ]
    return "\n\n".join(sections) + "\n"


def _header(record, library_name):
    lines = [
        "---",
        # A string of JSON is one of YAML, whatever is in it.
        f"library_name: {json.dumps(library_name)}",
        "pipeline_tag: sentence-similarity",
        *["tags:", *(f"- {tag}" for tag in TAGS)],
    ]
    match = _HUB_ID.fullmatch(record.base or "")
    if match:
        lines.append(f"base_model: {json.dumps(match[1])}")
    return "\n".join([*lines, "---"])


def _title(record):
    base = record.base or "Text encoder"
    return f"{base}, mirror-fine-tuned" if record.runs else base


def _code(text):
    if "```" in text:
        return text.strip()
    return f"```python\n{text.strip()}\n```"
