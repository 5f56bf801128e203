"""A table of results, in the forms that people and programs read."""

import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from keras_mirror.cli.printable import one_line
from keras_mirror.cli.printable import printable

# What LaTeX obeys in text; a bracket behind the end of a row is a length.
_LATEX = {
    **{ord(x): f"\\{x}" for x in "&%$#_{}"},
    **{ord("\\"): r"\textbackslash{}", ord("["): "{[}"},
    **{ord("~"): r"\textasciitilde{}", ord("^"): r"\textasciicircum{}"},
    ord("±"): r"$\pm$",
}
_NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?( .*)?")


@dataclasses.dataclass(frozen=True)
class Sheet:
    """Rows of cells under the names of their columns.

    Args:
        columns: List of strings.
        rows: List of rows, each with one cell per column. `None` among them
            is a line between two parts of the table.

    Example:

    >>> sheet = Sheet(["name", "score"], [("a_b", 81.25), None, ("c", 7.5)])
    >>> sheet.as_records()
    [{'name': 'a_b', 'score': 81.25}, {'name': 'c', 'score': 7.5}]
    >>> print(sheet.as_csv(), end="")
    name,score
    a_b,81.25
    c,7.5
    >>> "tabular}{lr}" in sheet.as_latex()
    True
    """

    columns: Sequence[str]
    rows: Sequence[Sequence | None]

    def as_records(self) -> list[dict[str, object]]:
        """A list of dicts, for JSON."""
        return [dict(zip(self.columns, x, strict=True)) for x in self._cells()]

    def as_csv(self) -> str:
        """Comma-separated, under one line of the columns' names."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([self.columns, *self._cells()])
        return text.getvalue()

    def as_latex(self) -> str:
        """A `tabular`, with the lines of the package booktabs."""
        sides = ["r" if each else "l" for each in self._are_numbers()]
        rows = [
            r"\midrule" if row is None else _latex_row(row) for row in self.rows
        ]
        lines = [
            r"% \usepackage{booktabs}",
            rf"\begin{{tabular}}{{{''.join(sides)}}}",
            *(r"\toprule", _latex_row(self.columns), r"\midrule"),
            *rows,
            *(r"\bottomrule", r"\end{tabular}"),
        ]
        return "".join(f"{line}\n" for line in lines)

    def as_table(self) -> Table:
        """For a screen: numbers to the right, no frame."""
        table = Table(box=None, pad_edge=False)
        for name, is_number in zip(
            self.columns, self._are_numbers(), strict=True
        ):
            side = "right" if is_number else "left"
            table.add_column(_shown(name), justify=side)  # type: ignore
        for row in self.rows:
            table.add_row(*map(_shown, row or ()))
        return table

    def _cells(self) -> Iterator[Sequence]:
        return (row for row in self.rows if row is not None)

    def _are_numbers(self) -> list[bool]:
        columns = zip(*self._cells(), strict=True)
        found = [
            all(_NUMBER.fullmatch(str(x)) for x in cells if x not in ("", None))
            for cells in columns
        ]
        return found or [False] * len(self.columns)


def _latex_row(cells: Sequence) -> str:
    return " & ".join(map(_latex_cell, cells)) + r" \\"


def _latex_cell(cell: object) -> str:
    text = "" if cell is None else printable(one_line(str(cell)))
    minus = "$-$" if re.match(r"-\d", text) else ""
    return minus + text.removeprefix("-" if minus else "").translate(_LATEX)


def _shown(cell: object) -> str:
    """A cell that can steer neither rich nor the screen."""
    text = "" if cell is None else str(cell)
    return escape(printable(one_line(text)))
