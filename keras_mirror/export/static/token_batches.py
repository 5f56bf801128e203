import bisect

import keras
import numpy as np

from keras_mirror.preprocessing.padding import padded_lengths

_POOLED_BATCHES = 32  # sorted by length together


class TokenBatches(keras.utils.PyDataset):
    """Batches of padded token ids and target vectors, over all epochs.

    The texts of a batch are of similar length; the grouping differs from epoch
    to epoch. Texts that do not fill a batch wait for the next epoch.

    Args:
        token_ids: List of integer arrays, one per text, none of them empty.
        targets: Float array of shape `(len(token_ids), embedding_dim)`.
        batch_size: Integer; reduced if there are fewer texts.
        epochs: Integer. Defaults to `1`.
        seed: Integer. Defaults to `0`.

    Example:

    >>> batches = TokenBatches([np.array([4, 5])], np.eye(1), batch_size=8)
    >>> inputs, targets = batches[0]
    >>> inputs["padding_mask"].tolist(), targets.shape
    ([[1, 1]], (1, 1))
    """

    def __init__(
        self, token_ids, targets, batch_size: int, epochs: int = 1, seed=0
    ) -> None:
        super().__init__()
        self._token_ids = token_ids
        self._targets = targets
        self._lengths = np.array([len(ids) for ids in token_ids])
        self._widths = padded_lengths(int(self._lengths.max()))
        self._batch_size = min(batch_size, len(token_ids))
        generator = np.random.default_rng(seed)
        self._batches = [
            rows for _ in range(epochs) for rows in self._epoch(generator)
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[dict, np.ndarray]:
        rows = self._batches[index]
        lengths = self._lengths[rows]
        place = bisect.bisect_left(self._widths, lengths.max())
        mask = np.arange(self._widths[place]) < lengths[:, np.newaxis]
        token_ids = np.zeros(mask.shape, "int32")
        token_ids[mask] = np.concatenate([self._token_ids[r] for r in rows])
        features = {"token_ids": token_ids, "padding_mask": mask.astype("int8")}
        return features, np.asarray(self._targets[rows], "float32")

    def _epoch(self, generator: np.random.Generator) -> list[np.ndarray]:
        size, order = (
            self._batch_size,
            generator.permutation(len(self._lengths)),
        )
        order = order[: len(order) // size * size]
        step = _POOLED_BATCHES * size
        pools = [order[i : i + step] for i in range(0, len(order), step)]
        pools = [p[np.argsort(self._lengths[p], kind="stable")] for p in pools]
        batches = np.concatenate(pools).reshape(-1, size)
        return list(generator.permutation(batches))
