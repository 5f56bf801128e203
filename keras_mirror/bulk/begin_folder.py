import hashlib
import json
import os
import pathlib
from collections.abc import Iterator

from keras_mirror.bulk.shard_folder import CONTENT
from keras_mirror.bulk.shard_folder import DIGEST
from keras_mirror.bulk.shard_folder import ENDS
from keras_mirror.bulk.shard_folder import GROWING
from keras_mirror.bulk.shard_folder import PATHS
from keras_mirror.bulk.shard_folder import SIZES
from keras_mirror.bulk.shard_folder import ShardFolder
from keras_mirror.bulk.shards import ShardPlan
from keras_mirror.bulk.shards import shard_index
from keras_mirror.bulk.shards import shard_name
from keras_mirror.data.open_binary import file_size
from keras_mirror.data.open_binary import is_remote
from keras_mirror.optional import import_optional
from keras_mirror.presets.checked_files import sha256
from keras_mirror.presets.locate import locate
from keras_mirror.presets.registry import named_presets


def begin_folder(
    archive: str | os.PathLike,
    plan: ShardPlan,
    path: str,
    prompt: str | None = None,
    overwrite: bool = False,
) -> ShardFolder:
    """Makes the folder for the embeddings of a plan, or resumes one.

    A folder that was begun with fewer files, or with fewer rows at the end of
    files, is resumed too. Its shards stay as they are; new shards of a file
    follow the old ones.

    Args:
        archive: String or path of a `.keras` file, or a preset.
        plan: A `ShardPlan`.
        path: String, a folder or an address that `fsspec` knows.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.
        overwrite: Boolean, whether a folder that cannot be resumed is emptied
            and begun again. Defaults to `False`.

    Raises:
        ValueError: The folder holds something else, or was begun with another
            archive, other texts or other settings.
    """
    folder = ShardFolder(path)
    settings = _settings(archive, plan, prompt)
    begun = folder.settings()
    if begun is None:
        folder.begin(settings)
        return folder
    differing = list(_differences(begun, settings))
    if not differing:
        differing = _resume(begun, settings, plan, folder)
    if differing and not overwrite and folder.footers():
        raise ValueError(
            f"'{folder.path}' was begun in another way: "
            f"{'; '.join(differing)}. Choose another folder, or replace its "
            "vectors with `overwrite` (`--overwrite`)"
        )
    if differing:
        folder.clear()
        folder.begin(settings)
    return folder


def _settings(
    archive: str | os.PathLike, plan: ShardPlan, prompt: str | None
) -> dict:
    places = list(map(plan.place, range(len(plan.paths))))
    return {
        "archive_sha256": _digest(archive),
        # Older folders, from before prompts, lack this key.
        **({"prompt": prompt} if prompt else {}),
        PATHS: [os.fspath(path) for path in plan.paths],
        SIZES: list(map(file_size, places)),
        CONTENT: list(map(_content, places)),
        "column": plan.column,
        "id_column": plan.id_column,
        "errors": plan.errors,
        # Older folders, from before encodings, lack this key.
        **({"encoding": plan.encoding} if plan.encoding != "utf-8" else {}),
        "rows_per_shard": plan.rows_per_shard,
    }


def _differences(begun: dict, settings: dict) -> Iterator[str]:
    """Lists the settings that differ, so that the folder cannot be resumed."""
    for name in {**begun, **settings}:
        before, now = begun.get(name), settings.get(name)
        if name not in GROWING and before != now:
            yield f"{name} {before!r}, now {now!r}"
    before, now = begun[PATHS], settings[PATHS]
    if now[: len(before)] != before:
        yield f"paths {before!r}, now {now!r}: new files must come last"


def _resume(
    begun: dict, settings: dict, plan: ShardPlan, folder: ShardFolder
) -> list[str]:
    """Adds new rows and files; lists other changes, which cannot be resumed."""
    changed = _changed(begun, settings)
    ends = begun.get(ENDS, [[] for _ in begun[PATHS]])
    footers = folder.footers() if changed else {}
    for number in changed:
        ends[number] = _ends(footers, plan, number)
    differing = [
        f"the content of {plan.paths[number]} has changed, and not only by "
        "new rows at its end"
        for number in changed
        if not _begins_with(footers, plan, number, ends[number])
    ]
    if not differing and (changed or begun[PATHS] != settings[PATHS]):
        folder.begin({**settings, ENDS: ends})
    return differing


def _changed(begun: dict, settings: dict) -> list[int]:
    # Older folders have no hashes.
    name = CONTENT if CONTENT in begun else SIZES
    pairs = zip(begun[name], settings[name], strict=False)
    return [number for number, (old, new) in enumerate(pairs) if old != new]


def _ends(footers: dict, plan: ShardPlan, number: int) -> list[int]:
    """The rows after which a shard is not full: there the file ended."""
    ends, row = [], 0
    num_shards = 1 + max(
        map(shard_index, _of_file(footers, number)), default=-1
    )
    for index in range(num_shards):
        footer = footers.get(shard_name(number, index))
        num_rows = footer.num_rows if footer else plan.rows_per_shard
        row += num_rows
        if num_rows < plan.rows_per_shard:
            ends.append(row)
    return ends


def _begins_with(
    footers: dict, plan: ShardPlan, number: int, ends: list[int]
) -> bool:
    """Whether a file still has the rows of its shards."""
    left = {
        name: footers[name].metadata.get(DIGEST, b"").decode()
        for name in _of_file(footers, number)
    }
    for shard in plan.shards(number, ends=ends):
        if not left:
            break
        if left.pop(shard.name, shard.digest()) != shard.digest():
            return False
    return not left


def _of_file(footers: dict, number: int) -> list[str]:
    return [name for name in footers if name.startswith(f"{number:05}-")]


def _content(place: str) -> str:
    """The SHA-256 of a file of texts."""
    if not is_remote(place):
        return sha256(pathlib.Path(place))
    with import_optional("fsspec", "files").open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(archive: str | os.PathLike) -> str:
    """The SHA-256 of an archive, or of all files of a preset.

    For a preset on a hub (`bert_base_en_uncased`, `hf://`) only its name is
    hashed: the owner decides what it holds.
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
