import json
import os
import uuid
from collections.abc import Callable
from collections.abc import Iterable
from typing import IO
from typing import Any

import numpy as np

from keras_mirror.atomic_output import named_disk
from keras_mirror.bulk.shards import Shard
from keras_mirror.content_errors import content_errors
from keras_mirror.optional import import_optional

SETTINGS = "_encoding.json"  # readers of Parquet skip names with "_" or "."
SUCCESS = "_SUCCESS"
# Settings that may change: files may be added, and rows at the end of files.
PATHS, SIZES, CONTENT, ENDS = GROWING = ("paths", "sizes", "sha256", "ends")
NUM_CUT = b"num_cut"
DIGEST = b"sha256"


class ShardFolder:
    """A folder of Parquet files with ids and embeddings, one per shard.

    A shard is written whole or not at all: an interrupted run can be resumed,
    and a shard that two workers encode is still one file.

    Args:
        path: String, a folder or an address that `fsspec` knows.
    """

    def __init__(self, path: str) -> None:
        fsspec = import_optional("fsspec", "files")
        import_optional("pyarrow.parquet", "files")
        self.path = path if "://" in path else os.path.abspath(path)
        self._system, self._root = fsspec.url_to_fs(self.path)

    def __reduce__(self) -> tuple:  # a worker opens its own
        return ShardFolder, (self.path,)

    def settings(self) -> dict | None:
        """The settings given to `begin`; `None` for a new or empty folder.

        Raises:
            ValueError: The folder holds something else.
        """
        if self._system.exists(self._name(SETTINGS)):
            return self._begun()
        if self._system.exists(self._root) and self._system.ls(self._root):
            raise ValueError(
                f"A new or empty folder is expected. Received: '{self.path}', "
                "which holds something else"
            )
        return None

    def begin(self, settings: dict) -> None:
        """Makes the folder, or reopens one that is no longer complete.

        Args:
            settings: Dict for JSON: all that the embeddings depend on.
        """
        self._system.makedirs(self._root, exist_ok=True)
        self._remove(SUCCESS)
        text = json.dumps(settings, indent=4)
        self._write(SETTINGS, lambda file: file.write(text.encode()))

    def clear(self) -> None:
        """Removes all shards. The settings stay, to mark the folder as ours."""
        self._remove(SUCCESS)
        for path in self._shards():
            self._system.rm(path)

    def ends(self) -> dict[int, list[int]]:
        """The rows where shorter files ended, see `ShardPlan.shards`."""
        return dict(enumerate((self.settings() or {}).get(ENDS, [])))

    def is_complete(self, names: Iterable[str]) -> bool:
        """Whether `end` was called and the shards have not changed since."""
        if not self._system.exists(self._name(SUCCESS)):
            return False
        ended = self._system.cat(self._name(SUCCESS)).decode("utf-8", "replace")
        return ended.splitlines() == sorted(names)

    def write(self, shard: Shard, embeddings, num_cut: int) -> None:
        """Writes a shard.

        Args:
            shard: A `Shard`.
            embeddings: Float32 array of shape `(num_rows, embedding_dim)`.
            num_cut: Integer, the number of texts that were cut.
        """
        import pyarrow as pa
        import pyarrow.parquet as parquet

        flat = pa.array(np.ravel(embeddings))
        rows = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
        ids = pa.array(shard.ids, pa.string())
        table = pa.table({"id": ids, "vector": rows}).replace_schema_metadata(
            {NUM_CUT: str(num_cut), DIGEST: shard.digest()}
        )
        self._write(
            f"{shard.name}.parquet",
            # Embeddings rarely repeat: a Parquet dictionary would only take
            # time.
            lambda file: parquet.write_table(table, file, use_dictionary=False),
        )

    def end(self, num_texts: int) -> dict[str, Any]:
        """Marks the folder as complete, as Hadoop and Spark do.

        Args:
            num_texts: Integer, the number of texts that were read.

        Returns:
            `footers()`.

        Raises:
            ValueError: The number of rows in the folder differs.
        """
        for path in self._system.glob(self._name(".*.unfinished")):
            self._system.rm(path)
        footers = self.footers()
        num_rows = count(footers)["num_texts"]
        if num_rows != num_texts:
            raise ValueError(
                f"'{self.path}' must have one row per text, and its shards "
                f"must not change while it is written. Received: {num_texts} "
                f"texts, {num_rows} rows. Run the same again"
            )
        names = "\n".join(sorted(footers))
        self._write(SUCCESS, lambda file: file.write(names.encode()))
        return footers

    def footers(self) -> dict[str, Any]:
        """The metadata of all shards, by their names.

        A file that is empty, damaged or not written by this package does not
        count as a shard and is written again.
        """
        import pyarrow as pa
        import pyarrow.parquet as parquet

        footers = {}
        for path in self._shards():
            try:
                with self._system.open(path) as file:
                    footer = parquet.read_metadata(file)
            except (pa.ArrowException, OSError) as error:
                if getattr(error, "errno", None):  # not of its content
                    raise
                continue
            if (footer.metadata or {}).get(NUM_CUT, b"").isdigit():
                name = os.path.basename(path).removesuffix(".parquet")
                footers[name] = footer
        return footers

    def _shards(self) -> list[str]:
        return sorted(self._system.glob(self._name("[0-9]*.parquet")))

    def _remove(self, name: str) -> None:
        if self._system.exists(self._name(name)):
            self._system.rm(self._name(name))

    def _begun(self) -> dict:
        name = self._name(SETTINGS)
        with content_errors(name):
            begun = json.loads(self._system.cat(name))
            if not isinstance(begun, dict) or not all(
                isinstance(begun.get(key, []), list) for key in GROWING
            ):
                raise ValueError("it has other values than this package writes")
        return begun

    def _name(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _write(self, name: str, write: Callable[[IO[bytes]], object]) -> None:
        """Writes and renames; `keras_mirror.files` does it for local files
        only."""
        unfinished = self._name(f".{name}.{uuid.uuid4().hex}.unfinished")
        with named_disk(f"{self.path}/{name}"):
            with self._system.open(unfinished, "wb") as file:
                write(file)
            self._system.mv(unfinished, self._name(name))


def count(footers: dict[str, Any]) -> dict[str, int]:
    """Sums `ShardFolder.footers` up: `num_shards`, `num_texts`, `num_cut`."""
    return {
        "num_shards": len(footers),
        "num_texts": sum(each.num_rows for each in footers.values()),
        "num_cut": sum(
            int(each.metadata[NUM_CUT]) for each in footers.values()
        ),
    }
