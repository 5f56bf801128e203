import threading

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.data import batched
from keras_mirror.distillation.held_out import held_out_rows
from keras_mirror.distillation.vector_shards import SHARD_SIZE
from keras_mirror.distillation.vector_shards import VectorShards

# Number of shards in memory at a time, whose texts are shuffled together.
POOLED_SHARDS = 16


class ShardPools:
    """Draws the batches of every epoch out of a few shards at a time.

    Every epoch has its own order of shards. Sixteen of them are a pool, whose
    texts are shuffled together; batches are of texts of similar length, see
    `keras_mirror.data.batch_schedule.BatchSchedule`. A batch depends only on
    the seed and its number, so that training can resume at any step. Texts that
    are held out are in no batch; a few others are left out of an epoch, so that
    all batches are full.

    Args:
        shards: A filled `VectorShards`.
        preprocessor: The `MirrorPreprocessor` of the student.
        batch_size: Integer, at least 2; reduced if there are fewer texts.
        seed: Integer.

    Example:

    >>> import tempfile
    >>> shards = VectorShards(tempfile.mkdtemp(), "a teacher")
    >>> teach = lambda rows, texts: np.ones((len(texts), 2))
    >>> shards.fill([f"{number} men" for number in range(40)], teach)
    >>> pools = ShardPools(shards, preprocessor, batch_size=19, seed=0)
    >>> texts, token_ids, vectors = pools.batch(epoch=0, number=1)
    >>> pools.num_batches, len(texts), vectors.shape
    (2, 19, (19, 2))
    """

    def __init__(
        self, shards: VectorShards, preprocessor, batch_size: int, seed: int
    ) -> None:
        self._shards = shards
        self._preprocessor = preprocessor
        self._seed = seed
        batch_size = check_integer("batch_size", batch_size, smallest=2)
        smallest = min(map(self._num_texts, self._pools(0)))
        self.batch_size = min(batch_size, smallest)
        counts = [
            self._num_texts(pool) // self.batch_size for pool in self._pools(0)
        ]
        self._ends = np.cumsum(counts)
        self.num_batches = int(self._ends[-1])
        self._lock = threading.Lock()
        self._pool: tuple = ()
        self._place: tuple[int, int] | None = None  # epoch, number

    def batch(self, epoch: int, number: int) -> tuple:
        """One batch of an epoch: texts, lists of token ids, and vectors."""
        place = int(np.searchsorted(self._ends, number, side="right"))
        first = int(self._ends[place - 1]) if place else 0
        with self._lock:
            texts, token_ids, vectors, batches = self._read(epoch, place)
        rows = batches[number - first]
        return (
            [texts[row] for row in rows],
            [token_ids[row].tolist() for row in rows],
            vectors[rows].astype("float32"),
        )

    def _pools(self, epoch: int) -> list[list[int]]:
        """The shards of each pool.

        The last shard, which may be short, stays last, so that the pools of all
        epochs have the same sizes.
        """
        last = len(self._shards.sizes) - 1
        generator = np.random.default_rng((self._seed, epoch))
        order = [*generator.permutation(last).tolist(), last]
        starts = range(0, len(order), POOLED_SHARDS)
        return [order[start : start + POOLED_SHARDS] for start in starts]

    def _num_texts(self, pool: list[int]) -> int:
        return sum(len(self._trained_rows(number)) for number in pool)

    def _trained_rows(self, number: int) -> np.ndarray:
        sizes = self._shards.sizes
        rows = held_out_rows(sizes[number], len(sizes))
        return np.delete(np.arange(sizes[number]), rows)

    def _read(self, epoch: int, place: int) -> tuple:
        if self._place != (epoch, place):
            self._pool = ()  # before the next one is in memory
            self._pool = self._read_pool(epoch, place)
            self._place = (epoch, place)
        return self._pool

    def _read_pool(self, epoch: int, place: int) -> tuple:
        texts: list[str] = []
        blocks = []
        for number in self._pools(epoch)[place]:
            of_shard, vectors = self._shards.read(number)
            rows = self._trained_rows(number)
            texts += [of_shard[row] for row in rows]
            blocks.append(vectors[rows])
        token_ids = []
        for part in batched(texts, SHARD_SIZE):  # lists take 5 x more
            lists = self._preprocessor.tokenize(part)
            token_ids += [np.array(ids, "int32") for ids in lists]
        lengths = np.array(list(map(len, token_ids)))
        generator = np.random.default_rng((self._seed, epoch, place))
        used = len(texts) // self.batch_size * self.batch_size
        order = generator.permutation(len(texts))[:used]
        order = order[np.argsort(lengths[order], kind="stable")]
        batches = generator.permutation(order.reshape(-1, self.batch_size))
        return texts, token_ids, np.concatenate(blocks), batches
