import contextlib
import dataclasses
import logging
import os
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

from keras_mirror.bulk.archive_encoder import worker_model
from keras_mirror.bulk.shards import Shard
from keras_mirror.bulk.shards import ShardPlan
from keras_mirror.optional import import_optional

# CPUs per reader, which mostly waits. If both stages asked for the same share,
# Ray would fuse them into one reader per worker.
READER_SHARE = 0.25
MAX_WAITING_BYTES = 500_000_000  # of texts read but not yet encoded
# Named by a string, in the module beside the package: a function of the package
# would import it, and with it Keras, before the hook could set up the backend.
SETUP_HOOK = "keras_mirror_cli.set_up_worker"


def encode_on_ray(
    plan: ShardPlan,
    writer,
    finished: Mapping[str, int],
    num_workers: int | None = None,
) -> Iterator[int]:
    """Encodes shards in workers of Ray Data.

    Args:
        plan: A `ShardPlan`.
        writer: A `ShardWriter`, copied to every worker.
        finished: Dict, see `ShardPlan.shards`.
        num_workers: Integer or `None`, see `encode_files`.

    Yields:
        Integers, the number of texts of each shard, in order of completion.

    Raises:
        ValueError: A file cannot be read.
        RuntimeError: A worker failed for another reason.
    """
    ray = import_optional("ray", extra="ray")
    data = import_optional("ray.data", extra="ray")
    files = [{"number": number} for number in range(len(plan.paths))]
    with _cluster(ray), _one_shard_per_block(data), _own_errors(ray):
        workers = _workers(ray.cluster_resources(), num_workers)
        shards = data.from_items(files, override_num_blocks=len(files))
        written = shards.map_batches(
            _reader(plan, finished, writer.folder.ends()),
            batch_size=1,
            num_cpus=READER_SHARE,
        ).map_batches(
            _Writer,
            fn_constructor_args=[writer],
            batch_size=1,
            batch_format="pyarrow",
            compute=data.ActorPoolStrategy(size=workers.pop("number")),
            **workers,
        )
        for row in written.iter_rows():
            yield row["num_texts"]


def _reader(
    plan: ShardPlan, finished: Mapping[str, int], ends: dict
) -> Callable:
    def read(batch):
        for number in batch["number"]:
            number = int(number)
            cuts = ends.get(number, ())
            for shard in plan.shards(number, finished, cuts):
                row = dataclasses.asdict(shard)
                yield {name: [value] for name, value in row.items()}

    return read


class _Writer:
    def __init__(self, writer) -> None:
        self.writer = writer
        worker_model(writer.archive)

    def __call__(self, table):
        shards = [Shard(**row) for row in table.to_pylist()]
        return {"num_texts": list(map(self.writer, shards))}


def _workers(resources: dict, number: int | None) -> dict:
    """The number of workers, and each one's share of the cluster."""
    num_gpus = int(resources.get("GPU", 0))
    if num_gpus:
        number = num_gpus if number is None else number
        share = min(1, num_gpus / number)
        return {"number": number, "num_gpus": share, "num_cpus": 0.5}
    num_cpus = resources["CPU"]
    number = int(num_cpus) if number is None else number
    # Ray accepts whole CPUs or a fraction of one.
    share = min(1, (num_cpus - READER_SHARE) / number)
    return {"number": number, "num_cpus": share}


@contextlib.contextmanager
def _cluster(ray) -> Iterator[None]:
    """Connects to the current cluster, `RAY_ADDRESS` or this machine."""
    if ray.is_initialized():
        yield
        return
    # A cluster that lives only during this call has nothing to report.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    backend = os.environ.get("KERAS_BACKEND")
    settings = {"KERAS_BACKEND": backend} if backend else {}
    ray.init(
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={
            "env_vars": settings,
            "worker_process_setup_hook": SETUP_HOOK,
        },
    )
    try:
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _one_shard_per_block(data) -> Iterator[None]:
    """Sends a shard to a worker as soon as it is read."""
    context = data.DataContext.get_current()
    before = {
        "target_max_block_size": context.target_max_block_size,
        "enable_progress_bars": context.enable_progress_bars,
    }
    limits = context.execution_options.resource_limits
    context.target_max_block_size = 1
    context.enable_progress_bars = False  # our bar counts texts
    context.execution_options.resource_limits = data.ExecutionResources(
        object_store_memory=MAX_WAITING_BYTES
    )
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)
        context.execution_options.resource_limits = limits


@contextlib.contextmanager
def _own_errors(ray) -> Iterator[None]:
    """Raises a worker's error without Ray's report around it."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        # Ray appends its number of attempts.
        message, *_ = str(error.cause).split("\nFailed to apply UDF")
        if isinstance(error.cause, ValueError):
            raise ValueError(message) from error
        raise RuntimeError(f"A worker failed: {message}") from error
