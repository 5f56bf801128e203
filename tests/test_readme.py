"""Python blocks of the README and the site, and the examples, run."""

import importlib.util
import pathlib
import re
import shlex

import click
import numpy as np
import pytest
from support.processes import run_python
from support.texts import texts

import keras_mirror
from keras_mirror.cli.main import cli

ROOT = pathlib.Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
# What needs a network, data or minutes has a comment above: `<!-- not run:`.
BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n)?```python\n(.*?)```", re.S)
# Of other libraries, a part is too large for the extra [test].
OPTIONAL = ("lancedb", "duckdb", "sklearn")


def blocks(path):
    """The Python blocks of a page that run here, in their order."""
    return [
        code
        for mark, code in BLOCK.findall(path.read_text(encoding="utf-8"))
        if not mark
        and all(
            name not in code or importlib.util.find_spec(name)
            for name in OPTIONAL
        )
    ]


RUN = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def run_blocks(preset, tmp_path, monkeypatch):
    """Runs the blocks of a page on tiny weights.

    Returns the names that they leave, and the presets that they ask for.
    """
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

    def run(path):
        names = {}
        for block in blocks(path):
            exec(block, names)
        return names, asked

    return run


@pytest.mark.processes
def test_python_blocks_of_the_readme(run_blocks):
    names, asked = run_blocks(ROOT / "README.md")
    assert asked == ["all_minilm_l6_v2_en"]
    assert pathlib.Path("encoder.keras").exists()
    assert names["vectors"].shape == (2, 8)


def check_train(names):
    assert [step for step, _ in names["scorer"].history] == [0, 2]


def check_evaluate(names):
    row, *_ = names["evaluation"].rows
    assert row.metric == "MRR" and len(row.scores) == 2


def check_export(names):
    np.testing.assert_allclose(
        names["same"].encode_text("a man"),
        names["model"].encode_text("a man"),
        atol=1e-6,
    )


def check_semantic_search(names):
    assert names["found"][0].text.startswith("string number")


@pytest.mark.processes
@pytest.mark.parametrize(
    "path", [path for path in DOCS if blocks(path)], ids=lambda path: path.stem
)
def test_python_blocks_of_a_page(run_blocks, path):
    names, _ = run_blocks(path)
    check = globals().get(f"check_{path.stem}")
    if check:
        check(names)


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


# === Command lines ===


def command_lines():
    """Page and words of each line of a block that calls `keras-mirror`."""
    for path in (ROOT / "README.md", *DOCS):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for block in re.findall(r"```bash\n(.*?)```", text, re.S):
            for line in block.splitlines():
                if line.startswith("keras-mirror "):
                    yield path.name, shlex.split(line, comments=True)[1:]


def test_every_command_line_of_a_page_is_understood():
    lines = list(command_lines())
    assert len(lines) > 50
    for page, (name, *arguments) in lines:
        command = cli.commands[name]
        context = click.Context(command, info_name=name)
        try:
            command.make_parser(context).parse_args(arguments)
        except click.UsageError as error:
            pytest.fail(f"{page}: {name} {arguments}: {error.message}")


def test_the_quickstart_page_has_every_command():
    page = (ROOT / "docs" / "quickstart.md").read_text()
    for command in cli.commands:
        assert f"keras-mirror {command}" in page


def test_the_readme_is_short():
    assert (ROOT / "README.md").read_text().count("\n") <= 130
