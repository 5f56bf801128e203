import collections
import dataclasses
import hashlib
import itertools
import json
import os
import types
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from keras_mirror.arguments import check_integer
from keras_mirror.data import batched
from keras_mirror.data import read_identified_texts
from keras_mirror.data import read_texts
from keras_mirror.data.open_binary import file_size
from keras_mirror.data.open_binary import is_pipe
from keras_mirror.data.open_binary import is_remote


@dataclasses.dataclass(frozen=True)
class ShardPlan:
    """Describes how files are cut into shards, the same in every process.

    Args:
        paths: Tuple of strings, see `keras_mirror.data.read_texts`.
        column: String or `None`, see `read_texts`.
        id_column: String, the column of ids. Defaults to `None`: ids are
            `path:row`, with rows counted from 1.
        errors: String, see `read_texts`.
        encoding: String, see `read_texts`.
        rows_per_shard: Integer. Defaults to `10_000`.
        folder: String, the folder that relative paths refer to. Defaults to the
            working directory of the process that makes the plan.

    Raises:
        FileNotFoundError: A path is not a file.
        ValueError: A path is a pipe or is given twice, or a column is given for
            a file without columns.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "texts.txt")
    >>> _ = path.write_text("a man\\ntwo dogs run\\na woman\\n")
    >>> plan = ShardPlan((str(path),), rows_per_shard=2)
    >>> [len(shard.texts) for shard in plan.shards(0)]
    [2, 1]
    """

    paths: tuple[str, ...]
    column: str | None = None
    id_column: str | None = None
    errors: str = "strict"
    encoding: str = "utf-8"
    rows_per_shard: int = 10_000
    folder: str = dataclasses.field(default_factory=os.getcwd)
    _states: list = dataclasses.field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        rows = check_integer("rows_per_shard", self.rows_per_shard)
        object.__setattr__(self, "rows_per_shard", rows)  # it is frozen
        for number, path in enumerate(self.paths):
            if is_pipe(path):
                raise ValueError(
                    "A folder of vectors needs files that can be read again, "
                    f"to resume. Received: '{path}'. Save it as a file first, "
                    "or write to a single file *.npy"
                )
            self._rows(number)  # checks that the file exists
            self._states.append(self._state(number))
        self._check_places()

    def place(self, number: int) -> str:
        """The absolute path or the address of a file."""
        path = self.paths[number]
        return path if is_remote(path) else os.path.join(self.folder, path)

    def shards(
        self,
        number: int,
        finished: Mapping[str, int] = types.MappingProxyType({}),
        ends: Iterable[int] = (),
    ) -> Iterator["Shard"]:
        """The shards of one file, one by one.

        Args:
            number: Integer, the place of the file in `paths`.
            finished: Dict from the names of shards to leave out to their
                numbers of rows.
            ends: Integers, the numbers of rows that the file had when it was
                shorter: a shard ends there too.

        Yields:
            `Shard`s.

        Raises:
            ValueError: The number of rows of a finished shard differs.
        """
        for index, rows in enumerate(self._batches(number, ends)):
            name = shard_name(number, index)
            if name not in finished:
                ids, texts = map(list, zip(*rows, strict=True))
                self._check_ids(number, ids)
                yield Shard(name, ids, texts)
            elif finished[name] != len(rows):
                raise ValueError(
                    f"The shard {name} must have {len(rows)} rows, as "
                    f"'{self.paths[number]}' has. Received: {finished[name]}. "
                    "Remove it, and run the same again"
                )

    def check_unchanged(self) -> None:
        """Raises a `ValueError` if a file has changed since the plan was made.

        Shards of a changing file would mix old and new texts.
        """
        for number, path in enumerate(self.paths):
            if self._state(number) != self._states[number]:
                raise ValueError(
                    "Texts must not change while they are encoded. Received: "
                    f"'{path}', which has changed. Run the same again"
                )

    def _check_places(self) -> None:
        places: set[str] = set()
        for number, path in enumerate(self.paths):
            place = self.place(number)
            if not is_remote(place):
                place = os.path.realpath(place)
            if place in places:
                raise ValueError(
                    "A folder of vectors may contain a file only once, since "
                    f"ids name files. Received: '{path}' twice"
                )
            places.add(place)

    def _check_ids(self, number: int, ids: list[str]) -> None:
        # The ids of all shards would not fit into memory.
        if len(set(ids)) < len(ids):
            twice, _ = collections.Counter(ids).most_common(1)[0]
            raise ValueError(
                f"Every row must have a different id. Received: {twice!r} "
                f"twice in column {self.id_column!r} of '{self.paths[number]}'"
            )

    def _state(self, number: int) -> tuple:
        """Properties that show whether a file changed: a remote file's size."""
        place = self.place(number)
        if is_remote(place):
            return (file_size(place),)
        state = os.stat(place)
        return state.st_size, state.st_mtime_ns

    def _batches(self, number: int, ends: Iterable[int]) -> Iterator[list]:
        rows = self._rows(number)
        for begin, end in itertools.pairwise((0, *ends)):
            part = itertools.islice(rows, end - begin)
            yield from batched(part, self.rows_per_shard)
        yield from batched(rows, self.rows_per_shard)

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

    def digest(self) -> str:
        """The SHA-256 of its rows."""
        rows = json.dumps([self.ids, self.texts])
        return hashlib.sha256(rows.encode()).hexdigest()


def shard_name(number: int, index: int) -> str:
    """The name of a shard, from the number of its file and its place in it.

    Example:

    >>> shard_name(2, 17), shard_index("00002-000017")
    ('00002-000017', 17)
    """
    return f"{number:05}-{index:06}"


def shard_index(name: str) -> int:
    """The place of a shard in its file."""
    return int(name.rpartition("-")[2])
