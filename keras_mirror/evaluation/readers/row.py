import dataclasses
import math

from keras_mirror.evaluation.task import Dropped


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table, and where it is from.

    Args:
        path: Path of the file.
        line: Integer, from 1.
        cells: List of strings.

    Example:

    >>> row = Row("sts-dev.csv", 1, ["4.5", " a man ", ""])
    >>> row.number(0), row.text(1), row.number(2)
    (4.5, 'a man', None)
    """

    path: str
    line: int
    cells: list

    def text(self, column):
        """A cell without white space around it.

        Args:
            column: Integer, from 0.

        Returns:
            A string.

        Raises:
            ValueError: The row is shorter.
        """
        if column >= len(self.cells):
            raise ValueError(
                f"{self.path}, line {self.line} must have at least "
                f"{column + 1} columns. Received: {self.cells!r}"
            )
        return self.cells[column].strip()

    def number(self, column):
        """A cell as a float, or `None` if it is empty.

        Args:
            column: Integer, from 0.

        Returns:
            A float or `None`.

        Raises:
            ValueError: The row is shorter, or the cell is no finite number.
        """
        text = self.text(column)
        if text and not is_number(text):
            raise ValueError(
                f"{self.path}, line {self.line}, column {column + 1} must be "
                f"a finite number. Received: {text!r}"
            )
        return float(text) if text else None

    def check_width(self, width):
        """Raises a ValueError unless the row has so many cells."""
        if len(self.cells) != width:
            raise ValueError(
                f"{self.path}, line {self.line} must have {width} columns. "
                f"Received: {self.cells!r}"
            )

    def dropped(self, reason):
        """A `Dropped` of this row."""
        return Dropped(str(self.path), self.line, reason)


def is_number(text):
    """Whether a string is a finite number.

    Args:
        text: String.

    Returns:
        A boolean.

    Example:

    >>> [is_number(text) for text in ("-4.5", "1e3", "nan", "1_000", "four")]
    [True, True, False, False, False]
    """
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
