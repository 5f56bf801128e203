import contextlib
import dataclasses
import logging
import os

from keras_mirror.bulk.archive_encoder import worker_model
from keras_mirror.bulk.shards import Shard
from keras_mirror.optional import import_optional

# Of a CPU. Reading mostly waits for encoding; and stages that ask for other
# shares stay apart, so that one reader feeds many workers.
READER_SHARE = 0.25
MAX_WAITING_BYTES = 500_000_000  # of texts that are read and not yet encoded


def encode_on_ray(plan, writer, finished, num_workers=None):
    """Encodes shards in workers of Ray Data.

    Args:
        plan: A `ShardPlan`.
        writer: A `ShardWriter`, of which every worker gets one.
        finished: Set of names of shards to leave out.
        num_workers: Integer or `None`, see `encode_files`.

    Yields:
        Integers, the number of texts of each shard, as they end.

    Raises:
        ImportError: The extra `[ray]` is missing.
        ValueError: A file cannot be read.
        RuntimeError: A worker failed for another reason.
    """
    ray = import_optional("ray", extra="ray")
    data = import_optional("ray.data", extra="ray")
    files = [{"number": number} for number in range(len(plan.paths))]
    with _cluster(ray), _one_shard_a_block(data), _own_errors(ray):
        workers = _workers(ray.cluster_resources(), num_workers)
        shards = data.from_items(files, override_num_blocks=len(files))
        written = shards.map_batches(
            _reader(plan, finished), batch_size=1, num_cpus=READER_SHARE
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


def _reader(plan, finished):
    def read(batch):
        for number in batch["number"]:
            for shard in plan.shards(int(number), finished):
                row = dataclasses.asdict(shard)
                yield {name: [value] for name, value in row.items()}

    return read


class _Writer:
    def __init__(self, writer):
        self.writer = writer
        worker_model(writer.archive)

    def __call__(self, table):
        shards = [Shard(**row) for row in table.to_pylist()]
        return {"num_texts": list(map(self.writer, shards))}


def _workers(resources, number):
    """How many workers, and what each may take of the cluster."""
    num_gpus = int(resources.get("GPU", 0))
    if num_gpus:
        number = number or num_gpus
        share = min(1, num_gpus / number)
        return {"number": number, "num_gpus": share, "num_cpus": 0.5}
    num_cpus = resources["CPU"]
    number = number or int(num_cpus)
    # Ray wants whole CPUs, or a part of one.
    share = min(1, (num_cpus - READER_SHARE) / number)
    return {"number": number, "num_cpus": share}


@contextlib.contextmanager
def _cluster(ray):
    """The cluster that is connected, or `RAY_ADDRESS`, or this machine."""
    if ray.is_initialized():
        yield
        return
    # A cluster that lives as long as this call has nothing to report.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    backend = os.environ.get("KERAS_BACKEND")
    settings = {"KERAS_BACKEND": backend} if backend else {}
    ray.init(
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={
            "env_vars": settings,
            "worker_process_setup_hook": "keras_mirror_cli.set_up_worker",
        },
    )
    try:
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _one_shard_a_block(data):
    """Blocks as small as they get: a shard goes to a worker once it is read."""
    context = data.DataContext.get_current()
    before = {
        "target_max_block_size": context.target_max_block_size,
        "enable_progress_bars": context.enable_progress_bars,
    }
    limits = context.execution_options.resource_limits
    context.target_max_block_size = 1
    context.enable_progress_bars = False  # ours counts texts
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
def _own_errors(ray):
    """What went wrong in a worker, without the story of how it got here."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        # Ray adds lines on how often it tried.
        message, *_ = str(error.cause).split("\nFailed to apply UDF")
        if isinstance(error.cause, ValueError):
            raise ValueError(message) from error
        raise RuntimeError(f"A worker failed: {message}") from error
