import os
import pathlib
from collections.abc import Iterator

from keras_mirror.evaluation.readers.benchmark_files import read_lines
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import read_rows


def gold_file(
    path: pathlib.Path, name: str, files: list[pathlib.Path]
) -> pathlib.Path | None:
    """Finds the file with the scores of another file's pairs.

    It takes the nearest file with the right name, since some owners keep scores
    in a separate folder. Scores in a folder that also has a file with the name
    of `path` belong to that file.

    Args:
        path: Path of the file with the pairs.
        name: String, the name that the other file must have.
        files: List of paths to choose from. The folder of `path` is searched
            too.

    Returns:
        A path, or `None`.

    Raises:
        ValueError: Two files are equally near to `path`.

    Example:

    >>> path = pathlib.Path("2017/eval/STS.input.a.txt")
    >>> files = [pathlib.Path("2017/gs/STS.gs.a.txt")]
    >>> gold_file(path, "STS.gs.a.txt", files) == files[0]
    True
    """
    beside = path.with_name(name)
    if beside.is_file():
        return beside
    candidates = [
        file
        for file in files
        if file.name == name and file.with_name(path.name) not in files
    ]
    candidates.sort(key=lambda file: _distance(path, file))
    nearest = candidates[:2]
    if len({_distance(path, file) for file in nearest}) < len(nearest):
        raise ValueError(
            f"{path} must have one file '{name}' with its scores. "
            f"Received: {nearest[0]} and {nearest[1]}"
        )
    return nearest[0] if nearest else None


def paired_rows(
    path: pathlib.Path, score_path: pathlib.Path
) -> Iterator[tuple[TableRow, TableRow]]:
    """Reads pairs from one file and their scores from another, line by line.

    Args:
        path: Path of the file with one pair per line, separated by TABs.
            score_path: Path of the file with one score per line. An empty line
            means a pair without score.

    Yields:
        Tuples of two `TableRow`s.

    Raises:
        ValueError: The numbers of lines differ.

    Example:

    >>> import tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "input.txt").write_text("a man\\ta woman\\n")
    >>> _ = (folder / "gs.txt").write_text("2.5\\n")
    >>> pairs = paired_rows(folder / "input.txt", folder / "gs.txt")
    >>> [(row.text(1), scores.number(0)) for row, scores in pairs]
    [('a woman', 2.5)]
    """
    rows = {row.line: row for row in read_rows(path)}
    scores = list(read_lines(score_path))
    num_pairs = max(rows, default=0)
    while len(scores) > num_pairs and not scores[-1].strip():
        scores.pop()
    if len(scores) != num_pairs:
        raise ValueError(
            f"{score_path} must have a line for each pair of {path}. "
            f"Received: {len(scores)} lines for {num_pairs} pairs"
        )
    for line, score in enumerate(scores, start=1):
        row = rows.get(line, TableRow(path, line, [""]))
        yield row, TableRow(score_path, line, score.split("\t"))


def _distance(path: pathlib.Path, other: pathlib.Path) -> int:
    common = os.path.commonpath([path.absolute(), other.absolute()])
    num_common = len(pathlib.Path(common).parts)
    return len(other.absolute().parts) - 2 * num_common
