import dataclasses
import os

from keras_mirror.data import batched
from keras_mirror.data import read_identified_texts
from keras_mirror.data import read_texts
from keras_mirror.data.open_binary import is_remote


@dataclasses.dataclass(frozen=True)
class ShardPlan:
    """How files are cut into shards: the same on every run and worker.

    Args:
        paths: Tuple of strings, see `keras_mirror.data.read_texts`.
        column: String or `None`, see there.
        id_column: String, the column of ids, or `None`: path:row, from 1.
        errors: String, see there.
        rows_per_shard: Integer.
        folder: String, where relative paths begin. Defaults to the folder
            that this process works in; others may work elsewhere.

    Raises:
        FileNotFoundError: A path is not a file.
        ValueError: A file has no columns, and one is asked for.
    """

    paths: tuple
    column: str | None = None
    id_column: str | None = None
    errors: str = "strict"
    rows_per_shard: int = 10_000
    folder: str = dataclasses.field(default_factory=os.getcwd)

    def __post_init__(self):
        for number in range(len(self.paths)):
            self._rows(number)  # looks whether there is such a file

    def place(self, number):
        """The path or address of a file, for any process."""
        path = self.paths[number]
        return path if is_remote(path) else os.path.join(self.folder, path)

    def shards(self, number, finished=frozenset()):
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

    def _rows(self, number):
        path, place = self.paths[number], self.place(number)
        if self.id_column is not None:
            return read_identified_texts(
                place, self.column, self.id_column, self.errors
            )
        texts = read_texts(place, column=self.column, errors=self.errors)
        rows = enumerate(texts, start=1)
        return ((f"{path}:{row}", text) for row, text in rows)


@dataclasses.dataclass
class Shard:
    """Some rows of a file, which are encoded in one go into one file.

    Args:
        name: String: the number of the file that they come from, a dash, and
            their place in it.
        ids: List of strings.
        texts: List of strings, as many.
    """

    name: str
    ids: list
    texts: list
