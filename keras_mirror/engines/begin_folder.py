import hashlib
import os

from keras_mirror.engines.shard_folder import ShardFolder
from keras_mirror.texts.open_binary import file_size


def begin_folder(archive, plan, path):
    """Makes a folder for the vectors of a plan, or goes on with one.

    Args:
        archive: String or path of a `.keras` file.
        plan: A `ShardPlan`.
        path: String, a folder or an address that `fsspec` knows.

    Returns:
        A `ShardFolder`.

    Raises:
        ImportError: The extra `[files]` is missing.
        ValueError: The folder holds something else, or was begun with another
            archive, other files or other settings.
    """
    with open(archive, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    places = map(plan.place, range(len(plan.paths)))
    folder = ShardFolder(path)
    folder.begin(
        {
            "archive_sha256": digest,
            "paths": [os.fspath(path) for path in plan.paths],
            "sizes": list(map(file_size, places)),
            "column": plan.column,
            "id_column": plan.id_column,
            "errors": plan.errors,
            "rows_per_shard": plan.rows_per_shard,
        }
    )
    return folder
