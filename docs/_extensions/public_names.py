"""The directive `public-names`: all public names of a module, documented."""

import ast
import importlib
import inspect
import re
import types

from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

PACKAGE = "keras_mirror"
MIXINS = f"{PACKAGE}.mixins."


def public_names(module: types.ModuleType) -> list[str]:
    """The names of `__all__`, or without it the re-exports and definitions.

    `from x import y as y` exports `y` again; plain imports do not.

    Args:
        module: A module.

    Returns:
        A list of strings, without the names of modules.
    """
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for node in ast.parse(inspect.getsource(module)).body
            for name in _defined(node)
            if not name.startswith("_")
        ]
    return [
        name
        for name in names
        if not isinstance(getattr(module, name), types.ModuleType)
    ]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [each.name for each in node.names if each.name == each.asname]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return []


class PublicNames(SphinxDirective):
    """Takes a module, and `:only:` or `:except:` with names of it."""

    required_arguments = 1
    option_spec = {"only": str.split, "except": str.split}

    def run(self):
        name = self.arguments[0]
        module = importlib.import_module(name)
        # Without this, a change of a docstring would not reach the page.
        self.env.note_dependency(inspect.getsourcefile(module))
        lines = ["```{eval-rst}"]
        names = self.options.get("only", public_names(module))
        for each in names:
            if each in self.options.get("except", ()):
                continue
            lines += _documented(name, each, getattr(module, each))
        return self.parse_text_to_nodes("\n".join([*lines, "```"]))


def _documented(module: str, name: str, value: object) -> list[str]:
    """A name in reStructuredText; one at the top is documented there alone."""
    top = importlib.import_module(PACKAGE)
    if module != PACKAGE and getattr(top, name, None) is value:
        role = "class" if inspect.isclass(value) else "func"
        return [f"`{name}` is :py:{role}:`{PACKAGE}.{name}`.", ""]
    if inspect.isclass(value):
        return [
            *(f".. autoclass:: {module}.{name}", "   :members:", ""),
            *(f"   .. automethod:: {each}" for each in mixed_in(value)),
            "",
        ]
    return [f".. autofunction:: {module}.{name}", ""]


def mixed_in(value: type) -> list[str]:
    """The documented methods of a class's mixins, in the order of the source.

    With `:inherited-members:` they would be in the order of the alphabet.
    """
    return [
        name
        for base in value.__bases__
        if base.__module__.startswith(MIXINS)
        for name, member in vars(base).items()
        if not name.startswith("_") and member.__doc__
    ]


def _source(app, module):
    """The source of a mixin, whose methods are documented as `MirrorModel`'s.

    For links to the source: without it, `MirrorModel.fit` is not found there.
    """
    if not module.startswith(MIXINS):
        return None
    analyzer = ModuleAnalyzer.for_module(module)
    tags = {
        re.sub(r"^\w+Mixin\.", "MirrorModel.", name): place
        for name, place in analyzer.find_tags().items()
    }
    return analyzer.code, tags


def _signature(app, what, name, value, options, signature, returns):
    """Of a `keras.Model` or layer, that of `__init__`, not of `__new__`."""
    if what == "class" and signature == "(*args, **kwargs)":
        first, *rest = inspect.signature(value.__init__).parameters.values()
        plain = [each.replace(annotation=each.empty) for each in rest]
        return str(inspect.Signature(plain)), None


def setup(app):
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("viewcode-find-source", _source)
    app.connect("autodoc-process-signature", _signature)
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True}
