"""The layout: imports go down, and some modules work without Keras."""

import ast
import pathlib

import pytest

import keras_mirror

PACKAGE = pathlib.Path(keras_mirror.__file__).parent
# From the ground up; a module may import what stands in lower rows, and in its
# own row if that closes no circle.
FLOORS = (
    {"files", "optional", "recipes", "startup", "version"},
    {"distribution", "losses", "metrics", "optimizers"},
    {"archive", "data", "layers"},
    {"preprocessing"},
    {"encoder"},
    {"checkpoints"},
    {"presets"},
    {"export"},
    {"mirror_model"},
    {"bulk", "callbacks", "evaluation", "integrations", "search"},
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
    units = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")}
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
