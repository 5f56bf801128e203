from keras_mirror.bulk.ray import encode_on_ray
from keras_mirror.bulk.shard_folder import ShardWriter
from keras_mirror.bulk.shard_folder import begin_folder

ENGINES = ("local", "ray")


def encode_files(
    archive,
    plan,
    folder,
    batch_size=64,
    engine="local",
    num_workers=None,
    progress=None,
):
    """Encodes files of any size into a folder of Parquet files.

    A row a text: `id`, `vector`. A file a shard of `plan.rows_per_shard`
    texts. Whatever was stopped goes on with the same call: what is there is
    not encoded again. At the end the folder has a file `_SUCCESS`.

    Args:
        archive: String or path of a `.keras` file that all workers see.
        plan: A `ShardPlan`: which files, and how they are cut.
        folder: String, a folder or an address that `fsspec` knows.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `64`.
        engine: String, `"local"`: this process, or `"ray"`: workers of Ray
            Data, on the cluster that `RAY_ADDRESS` names or on this machine.
            A worker that dies is replaced. Defaults to `"local"`.
        num_workers: Integer, of Ray. Defaults to `None`: one a GPU, or, where
            there is none, one a CPU.
        progress: Function of the number of texts just encoded, or `None`.

    Returns:
        A dict of integers: `num_texts`, `num_cut`, `num_shards` of the whole
        folder, and `num_found`, the shards that were there before.

    Raises:
        ImportError: The extra `[files]`, or `[ray]`, is missing.
        ValueError: The folder holds something else, or a file cannot be read.

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
    folder = begin_folder(archive, plan, folder)
    finished = folder.finished()
    if not folder.is_complete():
        writer = ShardWriter(archive, folder, batch_size)
        if engine == "ray":
            steps = encode_on_ray(plan, writer, finished, num_workers)
        else:
            steps = encode_locally(plan, writer, finished)
        for num_texts in steps:
            if progress:
                progress(num_texts)
        folder.end()
    return {**folder.summary(), "num_found": len(finished)}


def encode_locally(plan, writer, finished):
    """Encodes shards in this process, one after the other.

    Args:
        plan: A `ShardPlan`.
        writer: A `ShardWriter`.
        finished: Set of names of shards to leave out.

    Yields:
        Integers, the number of texts of each shard.
    """
    for number in range(len(plan.paths)):
        yield from map(writer, plan.shards(number, finished))
