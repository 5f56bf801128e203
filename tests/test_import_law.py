"""The layout: imports go down, and some modules work without Keras."""

import ast
import pathlib

import keras
import pytest
from support.processes import run_python

import keras_mirror
from keras_mirror.startup import KERAS_FREE

BACKEND = keras.backend.backend()
PACKAGE = pathlib.Path(keras_mirror.__file__).parent
# From the ground up; a module may import what stands in lower rows, and in its
# own row if that closes no circle.
FLOORS = (
    {
        "arguments",
        "atomic_output",
        "content_errors",
        "file_kinds",
        "files",
        "html_page",
        "keras_settings",
        "lock",
        "machine_errors",
        "main_directions",
        "memory",
        "nearest_rows",
        "optional",
        "optional_tensorflow",
        "output_locks",
        "processor",
        "recipes",
        "startup",
        "unit_rows",
        "vector_agreement",
        "version",
    },
    {"distribution", "finite", "forked", "losses", "metrics", "optimizers"},
    {"archive", "data", "layers"},
    {"preprocessing"},
    {"static"},
    {"encoder"},
    {"guide"},
    {"checkpoints"},
    {"presets"},
    {"export"},
    {"merging", "mirror_model", "mixins"},
    {
        "bulk",
        "callbacks",
        "evaluation",
        "evidence",
        "forward",
        "integrations",
        "search",
        "store",
    },
    {"adaptation", "distillation", "maps", "serving"},
    {"cli", "engines", "interop"},
)
FLOOR = {unit: number for number, row in enumerate(FLOORS) for unit in row}


def imports(path):
    """The units that a module imports, inside of functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = f"{name}.".partition(".")
            if package == "keras_mirror":
                yield rest.partition(".")[0]


def arrows():
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        unit = relative.parts[0].removesuffix(".py")
        for other in imports(path):
            if other in FLOOR and "__init__" != unit != other:
                yield unit, other, str(relative)


def test_every_unit_has_a_floor():
    units = {
        path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")
    }
    assert {unit.removesuffix(".py") for unit in units} - {"__init__"} == set(
        FLOOR
    )


def test_no_import_goes_up():
    assert not [each for each in arrows() if FLOOR[each[0]] < FLOOR[each[1]]]


def test_no_circle():
    below = {unit: set() for unit in FLOOR}
    for unit, other, _ in arrows():
        below[unit].add(other)
    while leaves := {unit for unit in below if not below[unit]}:
        below = {u: o - leaves for u, o in below.items() if u not in leaves}
    assert not below


# === Without Keras ===

COMMAND_LINE = """
import sys
for name in ("keras", "keras_hub", "tensorflow", "torch", "jax"):
    sys.modules[name] = None  # `import keras` raises ImportError
import importlib
import keras_mirror_cli
from keras_mirror.startup import KERAS_FREE
for name in KERAS_FREE:
    importlib.import_module(f"keras_mirror.{name}")
import click
from keras_mirror.cli.main import cli
for name in (None, *cli.commands):
    cli([name, "--help"] if name else ["--help"], standalone_mode=False)
print("=== loaded")
print(*(name for name in sys.modules if name.startswith("keras_mirror.")))
"""


def test_help_needs_only_modules_that_are_free_of_keras():
    screen, loaded = run_python(COMMAND_LINE, backend="").split("=== loaded\n")
    assert "--temperature" in screen and "--rows-per-file" in screen
    rooms = {name.split(".")[1] for name in loaded.split()}
    assert rooms == {name.split(".")[0] for name in KERAS_FREE}


REPORTS = """
import sys
import click
import keras_mirror_cli
from keras_mirror.cli.files import check_report
with click.Context(click.Command("evaluate")):
    check_report("report.html", overwrite=False)
print("plotly" in sys.modules, "keras" in sys.modules)
"""


@pytest.mark.processes
def test_reports_are_checked_before_the_backend_is_chosen(tmp_path):
    pytest.importorskip("plotly", reason="the extra [report] is missing")
    assert run_python(REPORTS, backend="").split() == ["True", "False"]


# === The public API ===

PUBLIC = """
import sys
for name in sys.argv[1:]:
    __import__(name)
import keras_mirror
names = sorted(keras_mirror.__all__)
print("keras" in sys.modules)
print(set(names) <= set(dir(keras_mirror)), hasattr(keras_mirror, "no_such"))
for name in names:
    value = getattr(keras_mirror, name)
    print(name, getattr(value, "__module__", "module"), value.__name__)
"""


@pytest.mark.processes
def test_public_names_do_not_depend_on_what_was_imported_before():
    plain = run_python(PUBLIC, backend=BACKEND).splitlines()
    late = run_python(PUBLIC, "keras_mirror_cli", backend=BACKEND).splitlines()
    assert plain[:2] == ["True", "True False"]
    assert late == ["False", *plain[1:]]
    assert "MirrorModel keras_mirror.mirror_model MirrorModel" in late
