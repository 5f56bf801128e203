"""Growing blocks of sign codes: in memory, or in a memory-mapped file.

A block holds the codes of 65,536 slots: the first words of all codes, then the
second words, and so on, since searches read them in this order.
"""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_mirror.store.sign_codes import NUM_WORDS

BLOCK = 2**16
_SHAPE = NUM_WORDS, BLOCK
_NUM_BYTES = NUM_WORDS * BLOCK * 8


class MemoryBlocks:
    """Blocks in memory.

    Example:

    >>> blocks = MemoryBlocks()
    >>> blocks.write(0, np.arange(16, dtype="uint64").reshape(2, 8))
    >>> blocks.read(2)[0][:, :2].tolist()[:2]
    [[0, 8], [1, 9]]
    """

    def __init__(self) -> None:
        self._blocks: list = []

    def write(self, start: int, codes) -> None:
        """Puts codes at a place: an array of shape `(num_codes, 8)`."""
        while len(self._blocks) < _num_blocks(start + len(codes)):
            self._blocks.append(np.zeros(_SHAPE, "<u8"))
        _put(self._blocks, start, codes)

    def read(self, number: int) -> Sequence[Any]:
        """The blocks of the first codes, arrays of shape `(8, 65536)`."""
        return self._blocks[: _num_blocks(number)]


class FileBlocks:
    """Blocks in a file that grows in place.

    As with vectors, other processes see new codes once their number is known.

    Args:
        path: `pathlib.Path` of a file, which may not exist yet.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._mapped: Any = ()

    def write(self, start: int, codes) -> None:
        """Writes codes at a place; they are on disk when it returns."""
        number = _num_blocks(start + len(codes))
        if not number:
            return
        with open(self.path, "r+b" if self.path.exists() else "x+b") as file:
            size = max(number * _NUM_BYTES, os.path.getsize(self.path))
            file.truncate(size)
            blocks = np.memmap(file, "<u8", "r+", shape=(number, *_SHAPE))
            _put(blocks, start, codes)
            blocks.flush()
            os.fsync(file.fileno())

    def read(self, number: int) -> Sequence[Any]:
        """The blocks of the first codes, memory-mapped.

        Raises:
            ValueError: The file has fewer codes.
        """
        number = _num_blocks(number)
        if len(self._mapped) != number:
            size = os.path.getsize(self.path)
            if size < number * _NUM_BYTES:
                raise ValueError(
                    f"'{self.path}' must hold {number * _NUM_BYTES} bytes. "
                    f"Received: {size} bytes"
                )
            mapped = np.memmap(self.path, "<u8", "r", shape=(number, *_SHAPE))
            self._mapped = np.asarray(mapped)
        return self._mapped


def _num_blocks(number: int) -> int:
    return -(-number // BLOCK)


def _put(blocks, start: int, codes) -> None:
    end = start + len(codes)
    for number in range(start // BLOCK, _num_blocks(end)):
        first = number * BLOCK
        low, high = max(start, first), min(end, first + BLOCK)
        part = codes[low - start : high - start]
        blocks[number][:, low - first : high - first] = part.T
