import hashlib
import json
import os
import pathlib
import uuid
from collections.abc import Callable
from typing import IO
from typing import Any

import numpy as np

from keras_mirror.bulk.shards import ShardPlan
from keras_mirror.data.open_binary import file_size
from keras_mirror.data.open_binary import is_remote
from keras_mirror.optional import import_optional
from keras_mirror.presets.checked_files import sha256
from keras_mirror.presets.locate import locate
from keras_mirror.presets.registry import named_presets

SETTINGS = "_encoding.json"  # readers of Parquet skip names with "_" or "."
SUCCESS = "_SUCCESS"
CONTENT = "sha256"  # of the settings
NUM_CUT = b"num_cut"


def begin_folder(
    archive: str | os.PathLike,
    plan: ShardPlan,
    path: str,
    prompt: str | None = None,
) -> "ShardFolder":
    """Makes the folder for the embeddings of a plan, or resumes one.

    Args:
        archive: String or path of a `.keras` file, or a preset.
        plan: A `ShardPlan`.
        path: String, a folder or an address that `fsspec` knows.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Raises:
        ValueError: The folder holds something else, or was begun with another
            archive, other files or other settings.
    """
    places = list(map(plan.place, range(len(plan.paths))))
    folder = ShardFolder(path)
    folder.begin(
        {
            "archive_sha256": _digest(archive),
            # Folders that were begun before there were prompts have no key.
            **({"prompt": prompt} if prompt else {}),
            "paths": [os.fspath(path) for path in plan.paths],
            "sizes": list(map(file_size, places)),
            CONTENT: list(map(_content, places)),
            "column": plan.column,
            "id_column": plan.id_column,
            "errors": plan.errors,
            # Nor had folders that were begun before there were encodings.
            **({"encoding": plan.encoding} if plan.encoding != "utf-8" else {}),
            "rows_per_shard": plan.rows_per_shard,
        }
    )
    return folder


def _content(place: str) -> str | None:
    """The SHA-256 of a file of texts; `None` of what can be read only once."""
    if not is_remote(place):
        path = pathlib.Path(place)
        return sha256(path) if path.is_file() else None
    with import_optional("fsspec", "files").open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(archive: str | os.PathLike) -> str:
    """The SHA-256 of an archive, or of all files of a preset.

    Of a preset that others keep (`bert_base_en_uncased`, `hf://`), that of
    its name: what it stands for is theirs.
    """
    preset = named_presets().get(os.fspath(archive))
    root = pathlib.Path(locate(preset) if preset else archive)
    if root.is_file():
        return sha256(root)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    names = [path.relative_to(root).as_posix() for path in paths]
    files = dict(zip(names, map(sha256, paths), strict=True))
    return hashlib.sha256(
        json.dumps(files or os.fspath(archive)).encode()
    ).hexdigest()


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

    def begin(self, settings: dict) -> None:
        """Makes the folder, or checks that it was begun in the same way.

        Args:
            settings: Dict for JSON: all that the embeddings depend on.

        Raises:
            ValueError: The folder holds something else.
        """
        if self._system.exists(self._name(SETTINGS)):
            begun = json.loads(self._system.cat(self._name(SETTINGS)))
            self._check(begun, json.loads(json.dumps(settings)))
            return
        if self._system.exists(self._root) and self._system.ls(self._root):
            raise ValueError(
                f"A new or empty folder is expected. Received: '{self.path}', "
                "which holds something else"
            )
        self._system.makedirs(self._root, exist_ok=True)
        text = json.dumps(settings, indent=4)
        self._write(SETTINGS, lambda file: file.write(text.encode()))

    def is_complete(self) -> bool:
        """Whether `end` was called, and all shards are still there."""
        if not self._system.exists(self._name(SUCCESS)):
            return False
        names = self._system.cat(self._name(SUCCESS)).decode().splitlines()
        return names == sorted(self._footers())

    def finished(self) -> frozenset[str]:
        """The names of the shards that are there and can be read."""
        return frozenset(self._footers())

    def write(
        self, name: str, ids: list[str], embeddings, num_cut: int
    ) -> None:
        """Writes a shard.

        Args:
            name: String.
            ids: List of strings.
            embeddings: Float32 array of shape `(num_rows, embedding_dim)`.
            num_cut: Integer, the number of texts that were cut.
        """
        import pyarrow as pa
        import pyarrow.parquet as parquet

        flat = pa.array(np.ravel(embeddings))
        rows = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
        table = pa.table({"id": pa.array(ids, pa.string()), "vector": rows})
        table = table.replace_schema_metadata({NUM_CUT: str(num_cut)})
        self._write(
            f"{name}.parquet",
            # Embeddings hardly repeat: a dictionary would only take time.
            lambda file: parquet.write_table(table, file, use_dictionary=False),
        )

    def end(self) -> None:
        """Marks the folder as complete, as Hadoop and Spark do."""
        for path in self._system.glob(self._name(".*.unfinished")):
            self._system.rm(path)
        names = "\n".join(sorted(self._footers()))
        self._write(SUCCESS, lambda file: file.write(names.encode()))

    def summary(self) -> dict[str, int]:
        """Counts what is there: `num_shards`, `num_texts`, `num_cut`."""
        footers = self._footers().values()
        return {
            "num_shards": len(footers),
            "num_texts": sum(footer.num_rows for footer in footers),
            "num_cut": sum(int(each.metadata[NUM_CUT]) for each in footers),
        }

    def _footers(self) -> dict[str, Any]:
        """What shards say of themselves, by their names.

        An empty or damaged file, and one that was not written here, is no
        shard: it is written anew.
        """
        import pyarrow as pa
        import pyarrow.parquet as parquet

        footers = {}
        for path in self._system.glob(self._name("[0-9]*.parquet")):
            try:
                with self._system.open(path) as file:
                    footer = parquet.read_metadata(file)
            except (pa.ArrowInvalid, OSError) as error:
                if getattr(error, "errno", None):  # not of its content
                    raise
                continue
            if NUM_CUT in (footer.metadata or {}):
                name = os.path.basename(path).removesuffix(".parquet")
                footers[name] = footer
        return footers

    def _name(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _write(self, name: str, write: Callable[[IO[bytes]], object]) -> None:
        """`keras_mirror.files` renames too, but only files of this machine."""
        unfinished = self._name(f".{name}.{uuid.uuid4().hex}.unfinished")
        with self._system.open(unfinished, "wb") as file:
            write(file)
        self._system.mv(unfinished, self._name(name))

    def _check(self, begun: dict, settings: dict) -> None:
        # Folders that were begun before there were hashes have none.
        before = begun.pop(CONTENT, settings[CONTENT])
        differing = [
            f"{name} {begun[name]!r}, now {value!r}"
            for name, value in settings.items()
            if name != CONTENT and begun.setdefault(name) != value
        ]
        differing += [
            f"the content of {path} has changed"
            for path, old, new in zip(
                settings["paths"], before, settings[CONTENT], strict=False
            )
            if old != new
        ]
        if differing:
            raise ValueError(
                f"'{self.path}' was begun in another way: "
                f"{'; '.join(differing)}. Choose another folder"
            )
