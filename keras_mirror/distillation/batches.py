import bisect

import keras
import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.distillation.shard_pools import ShardPools
from keras_mirror.preprocessing.padding import padded_lengths


class DistillationBatches(keras.utils.PyDataset):
    """The batches of a distillation, all epochs in one pass.

    Args:
        pools: A `ShardPools`.
        preprocessor: The `MirrorPreprocessor` of the student.
        epochs: Integer.
        mirrored: Boolean, whether a batch has both views of every text, see
            `MirrorPreprocessor.views`. Defaults to `False`.
        seed: Integer, the seed of the masked spans. Defaults to `0`.
        first_step: Integer, the number of batches to skip at the start.
            Defaults to `0`.

    Attributes:
        num_steps: Integer, the batches of all epochs.

    Its items are tuples of features and the teacher's vectors.
    """

    def __init__(
        self,
        pools: ShardPools,
        preprocessor,
        epochs: int,
        mirrored: bool = False,
        seed: int = 0,
        first_step: int = 0,
    ) -> None:
        super().__init__()
        self._pools = pools
        self._preprocessor = preprocessor
        self._mirrored = mirrored
        self._seed = seed
        self._first_step = first_step
        epochs = check_integer("epochs", epochs)
        self.num_steps = epochs * pools.num_batches

    def __len__(self) -> int:
        return self.num_steps - self._first_step

    def __getitem__(self, index: int) -> tuple[dict, np.ndarray]:
        step = index + self._first_step
        epoch, number = divmod(step, self._pools.num_batches)
        texts, token_ids, vectors = self._pools.batch(epoch, number)
        if self._mirrored:
            return self._views(texts, step), np.concatenate([vectors, vectors])
        return self._pack(token_ids), vectors

    def _pack(self, token_ids: list) -> dict:
        preprocessor = self._preprocessor
        longest = preprocessor.sequence_length
        widths = padded_lengths(longest)
        width = max(map(len, token_ids)) + preprocessor.num_special_tokens
        place = bisect.bisect_left(widths, min(width, longest))
        return preprocessor.pack(token_ids, widths[place])

    def _views(self, texts: list[str], step: int) -> dict:
        generator = np.random.default_rng((self._seed, step))
        seed = generator.integers(2**63, size=2)
        views = self._preprocessor.views(texts, seed)
        return {
            name: np.concatenate([view[name] for view in views])
            for name in ("token_ids", "padding_mask")
        }
