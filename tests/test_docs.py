"""What the site says of the code is there: public names, floors, tests."""

import ast
import importlib
import inspect
import pathlib
import re
import sys
import types

import keras_mirror

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
PUBLIC = keras_mirror.__all__
sys.path.insert(0, str(DOCS / "_extensions"))


def test_every_public_module_has_a_page():
    modules = {
        name
        for name in keras_mirror.__all__
        if isinstance(getattr(keras_mirror, name), types.ModuleType)
    }
    pages = {path.stem for path in (DOCS / "api").glob("*.md")}
    pages -= {"index", "mirror_model"}  # the names of `keras_mirror` itself
    assert modules - {"engines", "interop"} == pages  # earlier paths
    for name in pages:
        text = (DOCS / "api" / f"{name}.md").read_text()
        assert f"keras_mirror.{name}" in text.splitlines()[0]


def test_every_public_name_has_an_example():
    public = importlib.import_module("public_names").public_names
    modules = [keras_mirror, *vars(keras_mirror).values()]
    values = {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in modules
        if isinstance(module, types.ModuleType)
        and module.__name__.rpartition(".")[2] in ("keras_mirror", *PUBLIC)
        for name in public(module)
    }
    assert len(values) > 60
    assert not [
        name
        for name, value in values.items()
        if not re.search(r">>> |```python", inspect.getdoc(value) or "")
    ]


def test_every_test_that_a_page_names_is_there():
    text = (DOCS / "differences.md").read_text()
    path, found = None, 0
    for file, name in re.findall(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`", text):
        path = file or path
        if not file and not name:
            continue
        names = {
            node.name
            for node in ast.parse((ROOT / path).read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        assert not name or name in names, f"{path}::{name}"
        found += 1
    assert found > 15


def test_links_of_files_outside_of_the_site():
    # Sphinx checks those of the pages.
    for name in ("README.md", "llms.txt", "CONTRIBUTING.md", "CHANGELOG.md"):
        for link in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text()):
            path, _, heading = link.partition("#")
            if not link.startswith("https://"):
                assert (ROOT / path).exists(), f"{name}: {link}"
                assert not heading or heading in headings(ROOT / path), link


def headings(path):
    """The anchors of a page, as GitHub and MyST make them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.M)
    return [re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles]


# === Extensions ===


def test_public_names_are_re_exports_and_definitions():
    public = importlib.import_module("public_names").public_names
    assert public(keras_mirror.losses) == ["info_nce", "distillation_loss"]
    assert "Index" in public(keras_mirror.search)
    assert "read_json" not in public(keras_mirror.presets)


def test_methods_of_mixins_are_documented():
    mixed_in = importlib.import_module("public_names").mixed_in
    names = mixed_in(keras_mirror.MirrorModel)
    assert names[0] == "compile" and {"fit", "encode_text", "export"} <= {
        *names
    }
    assert "summary" not in names  # of `keras.Model`


def test_floors_are_those_of_the_import_law():
    floors = importlib.import_module("import_floors").floors()
    assert "version" in floors[0] and "cli" in floors[-1]


def test_docstrings_become_restructured_text():
    to_rst = importlib.import_module("markdown_docstrings").to_rst
    lines = ["See [x](https://a.b/c), `Pair`s, **kwargs.", "```python", "1", ""]
    assert to_rst([*lines, "```", "end"]) == [
        "See `x <https://a.b/c>`__, `Pair`\\ s, \\*\\*kwargs.",
        *["", ".. code-block:: python", "", "    1", "", "", "end"],
    ]


def test_help_is_what_a_terminal_shows():
    from keras_mirror.cli.main import cli

    help_text = importlib.import_module("command_help").help_text
    text = help_text(cli.commands["search"], "search")
    assert text.startswith("Usage: keras-mirror search ")
    assert max(map(len, text.splitlines())) <= 80
