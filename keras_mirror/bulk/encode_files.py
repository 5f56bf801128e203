import os
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.bulk.archive_encoder import seen_from_anywhere
from keras_mirror.bulk.archive_encoder import worker_model
from keras_mirror.bulk.begin_folder import begin_folder
from keras_mirror.bulk.ray import encode_on_ray
from keras_mirror.bulk.shard_folder import ShardFolder
from keras_mirror.bulk.shard_folder import count
from keras_mirror.bulk.shards import Shard
from keras_mirror.bulk.shards import ShardPlan

ENGINES = ("local", "ray")


def encode_files(
    archive: str | os.PathLike,
    plan: ShardPlan,
    folder: str,
    batch_size: int | None = None,
    engine: str = "local",
    num_workers: int | None = None,
    on_progress: Callable[[int], object] | None = None,
    prompt: str | None = None,
    overwrite: bool = False,
) -> dict[str, int]:
    """Encodes files of any size into a folder of Parquet files.

    Writes one file per shard of `plan.rows_per_shard` texts, with one row
    (`id`, `vector`) per text, and a file `_SUCCESS` at the end. Call it again
    to resume; finished shards are skipped. To encode only what is new, call it
    with more files at the end of the plan, or after rows were added at the end
    of files.

    Args:
        archive: String or path of a `.keras` file that all workers can read, or
            what `MirrorModel.from_preset` takes.
        plan: A `ShardPlan`: which files to encode, and how to cut them into
            shards.
        folder: String, a folder or an address that `fsspec` knows.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        engine: String, `"local"`: this process, or `"ray"`: workers of Ray
            Data, on the cluster that `RAY_ADDRESS` names or on this machine.
            A worker that dies is replaced. Defaults to `"local"`.
        num_workers: Integer, the number of Ray workers. Defaults to `None`:
            one per GPU, or one per CPU where there is no GPU.
        on_progress: Function of the number of texts just encoded. Defaults
            to `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.
        overwrite: Boolean, whether to remove the vectors of a folder with other
            settings or changed texts and begin again. Defaults to `False`.

    Returns:
        A dict of integers: `num_texts`, `num_cut` and `num_shards` of the whole
        folder, and `num_found`, the number of shards that existed before.

    Raises:
        ImportError: The extra `[files]`, or `[ray]`, is missing.
        ValueError: The folder holds something else, a file cannot be read, or a
            file changes while it is encoded.

    Example:

    ```python
    from keras_mirror.bulk import ShardPlan, encode_files

    plan = ShardPlan(("texts-1.jsonl.gz", "texts-2.jsonl.gz"))
    encode_files("encoder.keras", plan, "vectors", engine="ray")
    ```
    """
    if engine not in ENGINES:
        raise ValueError(
            f"`engine` must be one of {', '.join(ENGINES)}. "
            f"Received: engine={engine!r}"
        )
    for name, value in (
        ("batch_size", batch_size),
        ("num_workers", num_workers),
    ):
        if value is not None:
            check_integer(name, value)
    begun = begin_folder(archive, plan, folder, prompt, overwrite)
    writer = ShardWriter(archive, begun, batch_size, prompt)
    return encode_shards(plan, writer, engine, num_workers, on_progress)


def encode_shards(
    plan: ShardPlan,
    writer: "ShardWriter",
    engine: str = "local",
    num_workers: int | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> dict[str, int]:
    """Does `encode_files` into the folder of a `ShardWriter`, already begun."""
    folder = writer.folder
    footers = folder.footers()
    finished = {name: each.num_rows for name, each in footers.items()}
    if not folder.is_complete(finished):
        num_texts = count(footers)["num_texts"]
        if engine == "ray":
            counts = encode_on_ray(plan, writer, finished, num_workers)
        else:
            counts = _encode_locally(plan, writer, finished)
        for number in counts:
            num_texts += number
            if on_progress is not None:
                on_progress(number)
        plan.check_unchanged()
        footers = folder.end(num_texts)
    return {**count(footers), "num_found": len(finished)}


class ShardWriter:
    """Encodes a shard with an archive and writes its embeddings.

    Args:
        archive: See `encode_files`.
        folder: A `ShardFolder`.
        batch_size: Integer, see `MirrorModel.encode_text`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Call arguments:
        shard: A `Shard`.

    Returns:
        Integer, the number of texts.
    """

    def __init__(
        self,
        archive: str | os.PathLike,
        folder: ShardFolder,
        batch_size: int | None,
        prompt: str | None = None,
    ) -> None:
        self.archive = seen_from_anywhere(archive)
        self.folder = folder
        self.batch_size = batch_size
        self.prompt = prompt

    def __call__(self, shard: Shard) -> int:
        # Late: this module is imported by `--help`, without Keras.
        from keras_mirror.encoder.encode import encode_in_chunks

        model = worker_model(self.archive)
        chunks = encode_in_chunks(
            model, shard.texts, self.batch_size, prompt=self.prompt
        )
        embeddings, nums_cut = zip(*chunks, strict=True)
        self.folder.write(shard, np.concatenate(embeddings), sum(nums_cut))
        return len(shard.texts)


def _encode_locally(
    plan: ShardPlan, writer: ShardWriter, finished: Mapping[str, int]
) -> Iterator[int]:
    ends = writer.folder.ends()
    for number in range(len(plan.paths)):
        shards = plan.shards(number, finished, ends.get(number, ()))
        yield from map(writer, shards)
