"""Summaries of installed Python functions: a corpus that every machine has.

Every function, class and method says in one line what it does. Where two
libraries have a function of the same name, their two lines mean the same in
different words: a test of an encoder that needs no labels.
"""

import collections
import importlib
import importlib.util
import inspect
import pathlib
import re
import sys
import warnings
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.evaluation.tasks import RetrievalTask
from keras_mirror.files import read_json

PACKAGES = ("numpy", "keras", "keras_hub", "tensorflow")
# The modules of these libraries with functions of arrays.
NAMESPACES = {
    "numpy": ("", ".linalg", ".fft", ".random"),
    "keras": (".ops",),
    "tensorflow": ("", ".math", ".linalg", ".nn", ".signal", ".random"),
}
MIN_WORDS = 3

# These open a browser, a window or a prompt, or test Python itself.
_NOT_IMPORTED = {"antigravity", "idlelib", "lib2to3", "test", "this"}
_NOT_IMPORTED |= {"tkinter", "turtle", "turtledemo"}
_INTERNAL = ("compat", "core", "python", "raw_ops", "src", "testing", "tools")
_SIGNATURE = re.compile(r"[\w.]+\(")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s")


def load_data(packages: Iterable[str] | None = None) -> dict[str, str]:
    """Reads the docstrings of Python packages.

    Args:
        packages: List of strings, names of packages. Defaults to `None`: the
            standard library and whatever is installed of `PACKAGES`.

    Returns:
        A dict from full names, such as `"numpy.clip"`, to first sentences.
        Texts of fewer than three words are left out; several names may share a
        text.

    Raises:
        ImportError: One of `packages` is not installed.

    Example:

    >>> load_data(["numpy"])["numpy.flipud"]
    'Reverse the order of elements along axis 0 (up/down).'
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old modules and names say so
        if packages is None:
            packages = [*_standard_library(), *filter(_is_installed, PACKAGES)]
        members: dict[str, object] = {}
        for package in packages:
            members |= _public_members(package)
    summaries = {name: _summary(member) for name, member in members.items()}
    return {
        name: text
        for name, text in summaries.items()
        if len(text.split()) >= MIN_WORDS and not text.startswith("TODO")
    }


def namesakes(api: dict[str, str]) -> list[RetrievalTask]:
    """Retrieval tasks: find the function of the same name in another library.

    Args:
        api: Dict from full names to texts, from `load_data`.

    Returns:
        A list of `RetrievalTask`, one for every ordered pair of libraries: a
        query is the text of a function in the first library, the documents are
        all texts of the second, and the text of the function with the same name
        is the one to find. Pairs with equal texts do not count.

    Example:

    >>> api = {"numpy.clip": "Limit values.", "keras.ops.clip": "Clip a tensor"}
    >>> [task.queries for task in namesakes(api)]
    [['Limit values.'], ['Clip a tensor']]
    """
    libraries = {name: _functions(api, name) for name in NAMESPACES}
    tasks = []
    for library_1, texts_1 in libraries.items():
        for library_2, texts_2 in libraries.items():
            names = [
                name
                for name, text in texts_1.items()
                if texts_2.get(name, text) != text
            ]
            documents = list(dict.fromkeys(texts_2.values()))
            if names:
                found = [documents.index(texts_2[name]) for name in names]
                task = RetrievalTask(
                    name=f"{library_1} to {library_2}",
                    queries=[texts_1[name] for name in names],
                    documents=documents,
                    relevance=[{index: 1} for index in found],
                )
                tasks.append(task)
    return tasks


def searches(api: dict[str, str]) -> RetrievalTask | None:
    """Searches for functions in words that differ from theirs, with answers.

    Queries and answers are in `python_api_searches.json`. They were written
    before any encoder was tried. The eight queries for which all-MiniLM-L6-v2
    finds a text with the largest cosine come first, whether or not the text is
    right. The others are in random order.

    Args:
        api: Dict from full names to texts, from `load_data`.

    Returns:
        A `RetrievalTask`, whose documents are the different texts of `api`.
        Queries without an answer among them are left out; `None` if there is
        no other.

    Example:

    >>> api = {"copy.deepcopy": "Deep copy operation.", "os.sep": "A string."}
    >>> searches(api).queries
    ['copy nested lists with everything inside']
    """
    rows = {text: row for row, text in enumerate(dict.fromkeys(api.values()))}
    path = pathlib.Path(__file__).with_name("python_api_searches.json")
    relevance = {
        search["query"]: {
            rows[api[name]]: 1.0 for name in search["answers"] if name in api
        }
        for search in read_json(path, kind=list)
    }
    relevance = {query: right for query, right in relevance.items() if right}
    if not relevance:
        return None
    return RetrievalTask(
        name="searches",
        queries=list(relevance),
        documents=list(rows),
        relevance=list(relevance.values()),
    )


def _functions(api: dict[str, str], library: str) -> dict[str, str]:
    """The short names and texts of a library's functions of arrays."""
    functions: dict[str, str] = {}
    for namespace in NAMESPACES[library]:
        for name, text in api.items():
            owner, _, short = name.rpartition(".")
            if owner == library + namespace and short.islower():
                functions.setdefault(short, text)
    return functions


def _standard_library() -> Iterator[str]:
    for name in sorted(sys.stdlib_module_names):
        if not name.startswith("_") and name not in _NOT_IMPORTED:
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # a module of another operating system
            yield name


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _public_members(package: str) -> dict[str, object]:
    """Every public function and class once, by its shortest name."""
    root = importlib.import_module(package)
    queue: collections.deque[tuple[str, object]]
    queue = collections.deque([(package, root)])
    members: dict[str, object] = {}
    seen: dict[int, object] = {id(root): root}
    while queue:
        owner_name, owner = queue.popleft()
        for name, member in _named_objects(owner):
            is_module = inspect.ismodule(member)
            if id(member) in seen or (is_module and name in _INTERNAL):
                continue
            seen[id(member)] = member
            full_name = f"{owner_name}.{name}"
            if is_module or inspect.isclass(member):
                if _home(member) in (package, f"_{package}"):
                    queue.append((full_name, member))
            if callable(member) or isinstance(member, (classmethod, property)):
                members[full_name] = member
    return members


def _named_objects(owner: object) -> list[tuple[str, object]]:
    """The public names of a module or a class, with what they stand for."""
    if inspect.isclass(owner):
        names = [name for name in vars(owner) if not name.startswith("_")]
        return [(name, vars(owner)[name]) for name in names]
    names = getattr(owner, "__all__", None) or dir(owner)
    public = sorted(name for name in names if not name.startswith("_"))
    return [
        (name, getattr(owner, name)) for name in public if hasattr(owner, name)
    ]


def _home(member: object) -> str:
    """The package that a module or a class is from."""
    module = member if inspect.ismodule(member) else inspect.getmodule(member)
    return getattr(module, "__name__", "").split(".")[0]


def _summary(member: object) -> str:
    """The first sentence of a docstring, without a signature before it."""
    docstring = member.__doc__ if isinstance(member.__doc__, str) else ""
    lines = [line.strip() for line in docstring.strip().splitlines()]
    while lines and (not lines[0] or _SIGNATURE.match(lines[0])):
        lines.pop(0)
    end = lines.index("") if "" in lines else len(lines)
    return _END_OF_SENTENCE.split(" ".join(lines[:end]))[0]
