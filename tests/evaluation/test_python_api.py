import importlib.util
import sys

import pytest

from keras_mirror.evaluation import python_api

PACKAGE = '''
"""The package itself is not a function."""
import os
from .deep.inner import shared
from .deep import inner as src
from . import deep, wide

def clip(x):
    """Limit the values of an array. And more.

    A paragraph.
    """

def signed(x):
    """
    signed(x, out=None)

    Give every value
    a sign.

    Notes
    """

def short(x):
    """Too short."""

def todo(x):
    """TODO: write this one day."""

def silent(x):
    pass

def _private(x):
    """Nobody may see this."""

number = 3
'''

INNER = '''
__all__ = ["shared", "Thing", "missing"]

def shared(x):
    """Reached by several names."""

def hidden(x):
    """Not a part of __all__, so hidden."""

class Thing:
    """A thing of some kind.

    Args: none
    """

    def method(self):
        """Does what methods can do!"""

    @property
    def value(self):
        """The value of a thing."""

    @classmethod
    def make(cls):
        """Makes a thing from nothing."""
'''


BELOW = '''
def twice_there():
    """Reached by two ways."""
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "tiny_library"
    (folder / "deep").mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE)
    (folder / "deep" / "__init__.py").write_text(
        "from . import inner\nfrom ..wide.below import twice_there\n"
    )
    (folder / "wide").mkdir()
    (folder / "wide" / "__init__.py").write_text("from . import below\n")
    (folder / "wide" / "below.py").write_text(BELOW)
    (folder / "deep" / "inner.py").write_text(INNER)
    monkeypatch.syspath_prepend(tmp_path)
    yield "tiny_library"
    for name in [name for name in sys.modules if name.startswith("tiny_lib")]:
        del sys.modules[name]


def test_first_sentences_by_their_shortest_names(package):
    assert python_api.load_data([package]) == {
        "tiny_library.clip": "Limit the values of an array.",
        "tiny_library.signed": "Give every value a sign.",
        "tiny_library.shared": "Reached by several names.",
        "tiny_library.deep.twice_there": "Reached by two ways.",
        "tiny_library.deep.inner.Thing": "A thing of some kind.",
        "tiny_library.deep.inner.Thing.method": "Does what methods can do!",
        "tiny_library.deep.inner.Thing.value": "The value of a thing.",
        "tiny_library.deep.inner.Thing.make": "Makes a thing from nothing.",
    }


def test_default_is_everything_installed():
    api = python_api.load_data()
    packages = {name.split(".")[0] for name in api}
    installed = filter(importlib.util.find_spec, python_api.PACKAGES)
    assert packages >= {*installed, "math", "json", "pathlib", "builtins"}
    assert "antigravity" not in sys.modules
    assert api["numpy.clip"] == "Clip (limit) the values in an array."
    assert "values in a tensor" in api["keras.ops.clip"]
    assert api["math.hypot"].startswith("Multidimensional Euclidean distance")
    assert len(set(api.values())) > 6_000
    assert min(len(text.split()) for text in api.values()) == 3
    assert list(api) == list(python_api.load_data())


def test_missing_package():
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        python_api.load_data(["no_such_library"])


API = {
    "numpy.clip": "Limit the values.",
    "numpy.linalg.norm": "The length of a vector.",
    "numpy.same": "One and the same.",
    "numpy.ndarray.flip": "A method, not a function.",
    "numpy.Norm": "A class, not a function.",
    "keras.ops.Norm": "Another class of this name.",
    "keras.ops.clip": "Clip values to a range.",
    "keras.ops.norm": "Matrix or vector norm.",
    "keras.ops.same": "One and the same.",
    "keras.ops.flip": "Reverse the order.",
    "keras.clip": "Not of this namespace.",
    "tensorflow.norm": "Computes the norm.",
    "tensorflow.linalg.norm": "A second one of this name.",
}


def test_namesakes():
    pairs = [
        (query, task.documents[index])
        for task in python_api.namesakes(API)
        for query, grades in zip(task.queries, task.relevance, strict=True)
        for index in grades
    ]
    clip = ("Limit the values.", "Clip values to a range.")
    norms = "The length of a vector.", "Matrix or vector norm."
    third = "Computes the norm."
    expected = [
        clip,
        (norms[0], norms[1]),
        (norms[0], third),
        clip[::-1],
        (norms[1], norms[0]),
        (norms[1], third),
        (third, norms[0]),
        (third, norms[1]),
    ]
    assert pairs == expected


def test_documents_are_all_texts_of_the_other_library():
    first = python_api.namesakes(API)[0]
    assert first.documents == [
        "Clip values to a range.",
        "Matrix or vector norm.",
        "One and the same.",
        "Reverse the order.",
    ]


def test_no_namesakes():
    assert python_api.namesakes({"numpy.clip": "Limit the values."}) == []


# === Searches ===


def test_searches_have_answers_in_what_is_installed():
    api = python_api.load_data()
    task = python_api.searches(api)
    assert 30 <= len(task.queries) <= 40  # as much as is installed
    assert task.documents == list(dict.fromkeys(api.values()))
    assert task.queries[0] == "find all files in a folder and its subfolders"
    right = {task.documents[row] for row in task.relevance[0]}
    assert api["glob.glob"] in right


def test_searches_without_an_answer_are_left_out():
    api = {
        "random.shuffle": "Shuffle a list.",
        "a.b": "Shuffle a list.",
        "c": "x",
    }
    task = python_api.searches(api)
    assert task.queries == ["put a list in random order"]
    assert task.documents == ["Shuffle a list.", "x"]
    assert task.relevance == [{0: 1.0}]
    assert python_api.searches({"a.b": "Shuffle a list."}) is None
