import dataclasses
import os
from collections.abc import Iterator
from collections.abc import Set

from keras_mirror.data import batched
from keras_mirror.data import read_identified_texts
from keras_mirror.data import read_texts
from keras_mirror.data.open_binary import is_pipe
from keras_mirror.data.open_binary import is_remote


@dataclasses.dataclass(frozen=True)
class ShardPlan:
    """How files are cut into shards, in the same way by every process.

    Args:
        paths: Tuple of strings, see `keras_mirror.data.read_texts`.
        column: String or `None`, see `read_texts`.
        id_column: String, the column of ids. Defaults to `None`: ids are
            `path:row`, with rows counted from 1.
        errors: String, see `read_texts`.
        encoding: String, see `read_texts`.
        rows_per_shard: Integer. Defaults to `10_000`.
        folder: String, the folder that relative paths start from. Defaults
            to the working directory of the process that makes the plan.

    Raises:
        FileNotFoundError: A path is not a file.
        ValueError: A path is a pipe, or a file has no columns, and one is
            asked for.
    """

    paths: tuple[str, ...]
    column: str | None = None
    id_column: str | None = None
    errors: str = "strict"
    encoding: str = "utf-8"
    rows_per_shard: int = 10_000
    folder: str = dataclasses.field(default_factory=os.getcwd)

    def __post_init__(self) -> None:
        for number, path in enumerate(self.paths):
            if is_pipe(path):
                raise ValueError(
                    "A folder of vectors needs files that can be read again, "
                    f"to resume. Received: '{path}'. Save it as a file first, "
                    "or write to one file *.npy"
                )
            self._rows(number)  # checks that the file exists

    def place(self, number: int) -> str:
        """The absolute path or the address of a file."""
        path = self.paths[number]
        return path if is_remote(path) else os.path.join(self.folder, path)

    def shards(
        self, number: int, finished: Set[str] = frozenset()
    ) -> Iterator["Shard"]:
        """The shards of one file, one by one.

        Args:
            number: Integer, the place of the file in `paths`.
            finished: Set of names of shards to leave out.

        Yields:
            `Shard`s.
        """
        batches = batched(self._rows(number), self.rows_per_shard)
        for index, rows in enumerate(batches):
            name = f"{number:05}-{index:06}"
            if name not in finished:
                ids, texts = map(list, zip(*rows, strict=True))
                yield Shard(name, ids, texts)

    def _rows(self, number: int) -> Iterator[tuple[str, str]]:
        path, place = self.paths[number], self.place(number)
        if self.id_column is not None:
            return read_identified_texts(
                place, self.column, self.id_column, self.errors, self.encoding
            )
        texts = read_texts(
            place,
            column=self.column,
            errors=self.errors,
            encoding=self.encoding,
        )
        rows = enumerate(texts, start=1)
        return ((f"{path}:{row}", text) for row, text in rows)


@dataclasses.dataclass
class Shard:
    """Consecutive rows of one file, which are written to one Parquet file.

    Args:
        name: String: number of the source file, dash, number of the shard.
        ids: List of strings.
        texts: List of strings, one per id.
    """

    name: str
    ids: list[str]
    texts: list[str]
