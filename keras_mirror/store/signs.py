"""The signs of a store's vectors: making, updating and searching them."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_mirror.store.settings import Settings
from keras_mirror.store.sign_blocks import BLOCK
from keras_mirror.store.sign_blocks import FileBlocks
from keras_mirror.store.sign_blocks import MemoryBlocks
from keras_mirror.store.sign_codes import NUM_SIGNS
from keras_mirror.store.sign_codes import center_of
from keras_mirror.store.sign_codes import sign_codes

_WRITTEN = 2**18  # codes at a time


class Signs:
    """The signs of the first vectors, at one moment.

    Args:
        blocks: Sequence of blocks, see `sign_blocks`.
        center: Array of shape `(embedding_dim,)`.

    Example:

    >>> vectors = np.eye(4, dtype="float32")
    >>> blocks = MemoryBlocks()
    >>> blocks.write(0, sign_codes(vectors, np.zeros(4)))
    >>> signs = Signs(blocks.read(4), np.zeros(4))
    >>> signs.places(vectors[2], 4, 1).tolist()
    [2]
    """

    def __init__(self, blocks: Sequence[Any], center) -> None:
        self._blocks = blocks
        self._center = center

    def places(self, query, num_vectors: int, number: int, mask=None):
        """The places of the vectors whose signs are most like a query's.

        Args:
            query: Float32 array of shape `(embedding_dim,)`, of length 1.
            num_vectors: Integer, the number of first vectors to compare.
            number: Positive integer, at most the number of vectors that may be
                found.
            mask: Boolean array of shape `(num_vectors,)`, which of them may
                be found. Defaults to `None`: all.

        Returns:
            An integer array in ascending order: `number` places, or more if
            several tie with the last one.
        """
        [code] = sign_codes(query[np.newaxis], self._center)
        distances = np.zeros(num_vectors, "uint16")
        for start, block in zip(
            range(0, num_vectors, BLOCK), self._blocks, strict=True
        ):
            part = distances[start : start + BLOCK]
            for words, word in zip(block, code, strict=True):
                part += np.bitwise_count(words[: len(part)] ^ word)
        if mask is not None:
            distances[~mask] = NUM_SIGNS + 1
        farthest = np.partition(distances, number - 1)[number - 1]
        return np.flatnonzero(distances <= farthest)


class StoredSigns:
    """The signs in memory, or in a file of a folder.

    The file is written again when the number of vectors has doubled since the
    center was computed.

    Args:
        folder: `pathlib.Path`, or `None` for those in memory.
    """

    def __init__(self, folder: pathlib.Path | None = None) -> None:
        self.folder = folder
        self._name: str | None = None
        self._blocks: MemoryBlocks | FileBlocks = MemoryBlocks()

    def current(self, settings: Settings) -> Signs | None:
        """The `Signs` for searches, or `None` if there are none."""
        number = settings.num_vectors
        if settings.center is None or settings.num_signed != number:
            return None
        self._take(settings)
        center = np.array(settings.center, "float32")
        if len(center) != settings.embedding_dim:
            raise ValueError(
                f"center must have {settings.embedding_dim} numbers, "
                f"not {len(center)}"
            )
        return Signs(self._blocks.read(number), center)

    def grow(self, settings: Settings, embeddings) -> None:
        """Adds the signs of new vectors, in a transaction."""
        if len(embeddings) > 2 * settings.num_centered:
            settings.center = center_of(embeddings)
            settings.num_centered = len(embeddings)
            settings.num_signed = 0
            settings.file_number += 1
            settings.signs = f"signs-{settings.file_number}.bin"
        self._take(settings)
        for start in range(settings.num_signed, len(embeddings), _WRITTEN):
            new = embeddings[start : start + _WRITTEN]
            self._blocks.write(start, sign_codes(new, settings.center))
        settings.num_signed = len(embeddings)

    def _take(self, settings: Settings) -> None:
        """Switches to the file that the settings name."""
        if settings.signs and self._name != settings.signs:
            self._name = settings.signs
            self._blocks = (
                FileBlocks(self.folder / self._name)
                if self.folder
                else MemoryBlocks()
            )
