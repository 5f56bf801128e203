from keras_mirror.texts.read_columns import has_columns
from keras_mirror.texts.read_columns import read_columns
from keras_mirror.texts.read_lines import check_files
from keras_mirror.texts.read_texts import DEFAULT_COLUMN
from keras_mirror.texts.read_texts import checked_text


def read_identified_texts(path, column, id_column, errors="strict"):
    """The texts of a file with their ids, one by one.

    Args:
        path: String, of a file with columns, see `read_texts`.
        column: String, or `None` for `"text"`.
        id_column: String, the column of ids.
        errors: See `read_lines`. Defaults to `"strict"`.

    Returns:
        An iterator of tuples of two strings: id, text.

    Raises:
        FileNotFoundError: The path is not a file. Raised at once.
        ValueError: See `read_texts`; or a row has no id.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("id,text\\n7,a man\\n")
    >>> list(read_identified_texts(path, "text", "id"))
    [('7', 'a man')]
    """
    check_files([path])
    has_columns(path, id_column)  # raises at once where there are none
    return _rows(path, column or DEFAULT_COLUMN, id_column, errors)


def _rows(path, column, id_column, errors):
    rows = read_columns(path, [column, id_column], errors)
    for number, (text, identifier) in enumerate(rows, start=1):
        if identifier is None:
            raise ValueError(
                "Every row needs an id. Received: none in column "
                f"{id_column!r} of '{path}', row {number}"
            )
        yield str(identifier), checked_text(text, column, path, number)
