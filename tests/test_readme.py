"""The README's Python blocks and the examples run, on tiny weights."""

import importlib.util
import pathlib
import re

import numpy as np
import pytest
from support.processes import run_python
from support.texts import texts

import keras_mirror

ROOT = pathlib.Path(__file__).parents[1]
# LanceDB is too large for the extra [test].
BLOCKS = [
    block
    for block in re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    if "lancedb" not in block or importlib.util.find_spec("lancedb")
]

RUN = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.processes
def test_python_blocks(preset, tmp_path, monkeypatch):
    assert BLOCKS
    load = keras_mirror.MirrorModel.from_preset
    asked = []

    def load_tiny(name, *arguments, **overrides):
        if name == "exported":  # by the block itself
            return load(name, *arguments, **overrides)
        asked.append(name)
        return load(preset, *arguments, **overrides)

    monkeypatch.setattr(keras_mirror.MirrorModel, "from_preset", load_tiny)
    monkeypatch.chdir(tmp_path)
    pathlib.Path("sentences.txt").write_text("\n".join(texts(400)))
    names = {}
    for block in BLOCKS:
        exec(block, names)
    assert asked == ["all_minilm_l6_v2_en", "bert_base_en_uncased"]
    assert pathlib.Path("encoder.keras").exists()
    assert names["vectors"].shape == (2, 8)
    assert [step for step, _ in names["scorer"].history] == [2]
    assert names["found"][0].text.startswith("string number")
    np.testing.assert_allclose(
        names["same"].encode_text("a man"),
        names["model"].encode_text("a man"),
        atol=1e-6,
    )


@pytest.mark.processes
@pytest.mark.parametrize("name", ["sentence_encoder", "word_encoder"])
def test_example_in_its_short_form(name, preset, tmp_path):
    import keras

    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(texts(40)))
    output = tmp_path / "encoder.keras"
    printed = run_python(
        RUN,
        *[ROOT / "examples" / f"{name}.py", corpus, preset],
        *["--output", output, "--batch-size", 10, "--steps", 2],
        backend=keras.backend.backend(),
    )
    assert output.exists()
    assert printed.splitlines()[-1].startswith(("[", " [", "computer:"))
    assert (ROOT / "examples" / f"{name}.py").read_text().count("\n") < 120


@pytest.mark.processes
def test_search_example_in_its_short_form(preset, tmp_path):
    import keras

    output = tmp_path / "encoder.keras"
    printed = run_python(
        RUN,
        *[ROOT / "examples" / "python_api_search.py", "clip values"],
        *["--preset", preset, "--output", output],
        *["--batch-size", 10, "--steps", 2],
        backend=keras.backend.backend(),
    )
    assert output.exists()
    for line in ("before {'accuracy@1'", "after  {'accuracy@1'", "clip values"):
        assert f"\n{line}" in printed


def test_command_line_of_the_readme_has_every_command():
    from keras_mirror.cli.main import cli

    readme = (ROOT / "README.md").read_text()
    for command in cli.commands:
        assert f"keras-mirror {command}" in readme
