"""The directive `import-floors`: the table of the test of the import law."""

import ast
import pathlib

from sphinx.util.docutils import SphinxDirective

LAW = pathlib.Path(__file__).parents[2] / "tests" / "test_import_law.py"


def floors() -> list[list[str]]:
    """The rows of `FLOORS`, from the ground up.

    Returns:
        A list of sorted lists of strings.
    """
    for node in ast.parse(LAW.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "FLOORS":
            return [sorted(row) for row in ast.literal_eval(node.value)]
    raise ValueError(f"{LAW} must assign FLOORS.")


class ImportFloors(SphinxDirective):
    def run(self):
        self.env.note_dependency(str(LAW))
        # The class draws the table as a house, see tables.css.
        lines = ["{.floors}", "| floor | modules |", "|--:|:-:|"]
        for number, row in reversed(list(enumerate(floors()))):
            lines.append(f"| {number} | {' '.join(f'`{n}`' for n in row)} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    app.add_directive("import-floors", ImportFloors)
    return {"parallel_read_safe": True}
