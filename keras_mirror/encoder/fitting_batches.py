"""Chooses batches that fit into free memory."""

import bisect
import dataclasses

from keras_mirror.distribution import training_devices
from keras_mirror.encoder.step_memory import encoding_memory
from keras_mirror.encoder.step_memory import training_memory
from keras_mirror.memory import readable
from keras_mirror.memory import trim
from keras_mirror.preprocessing.padding import padded_lengths
from keras_mirror.preprocessing.padding import padded_rows

# Estimates may be a tenth too low.
USABLE = 0.9
# A masked span cuts a word into parts of more tokens.
MASKING_TOKENS = 4
# Texts of `sequence_length` tokens per call of the encoder.
BATCH_SIZE = 64
# For calls that take less, free memory is not checked.
SMALL = 2**28


@dataclasses.dataclass(frozen=True)
class FittingSlices:
    """The size of mini-batches and the reason for them, as text by `str`.

    Args:
        batch_size: Integer, strings per batch. width: Integer, tokens of the
            longest one. needed: Integer, bytes that the whole batch would take.
            free: Integer, free bytes. mini_batch_size: Integer, views that go
            through the encoder together.

    Example:

    >>> print(FittingSlices(200, 256, 11_200_000_000, 7_100_000_000, 64))
    a batch of 200 x 256 tokens would take 11.2 GB, 7.1 GB are free: \
64 of its 400 views at a time (mini_batch_size=64)
    """

    batch_size: int
    width: int
    needed: int
    free: int
    mini_batch_size: int

    def __str__(self) -> str:
        size = self.mini_batch_size
        return (
            f"{self.reason}: {size} of its {2 * self.batch_size} views at a "
            f"time (mini_batch_size={size})"
        )

    @property
    def reason(self) -> str:
        return (
            f"a batch of {self.batch_size} x {self.width} tokens would take "
            f"{readable(self.needed)}, {readable(self.free)} are free"
        )


def fitting_slices(model, dataset) -> FittingSlices | None:
    """The mini-batches that training needs to fit into free memory.

    Of the sizes that fit, it takes the one with the fewest passes, all of equal
    size.

    Args:
        model: A compiled `MirrorModel`.
        dataset: A dataset from `mirror_dataset`.

    Returns:
        A `FittingSlices`, or `None` if a whole batch fits or the size of the
        encoder is unknown.

    Raises:
        MemoryError: Not even a single text fits.
        ValueError: The dataset does not know how wide its batches are.

    Example:

    >>> from keras_mirror import mirror_dataset
    >>> dataset = mirror_dataset(["a man", "a cat"], preprocessor, batch_size=2)
    >>> fitting_slices(model, dataset) is None
    True
    """
    if not hasattr(dataset, "longest_text"):
        raise ValueError(
            '`mini_batch_size="auto"` needs strings, or a dataset as '
            "`mirror_dataset` returns it: other datasets do not say how large "
            f"their batches are. Received: {dataset}"
        )
    trim()
    devices = training_devices(model)
    free = devices.free_memory
    batch_size = dataset.mirror_source["batch_size"]
    num_rows = devices.rows(2 * batch_size)
    # First with the maximum width: counting tokens takes longer.
    width = model.preprocessor.sequence_length
    if _fits(training_memory(model, num_rows, width), free):
        return None
    width = _widest(model, dataset)
    needed = training_memory(model, num_rows, width)
    if needed is None or _fits(needed, free):
        return None
    slices = FittingSlices(batch_size, width, needed, free, 0)
    size = _largest_slice(model, num_rows, slices)
    num_slices = -(-num_rows // size)
    return dataclasses.replace(
        slices, mini_batch_size=-(-num_rows // num_slices)
    )


def _fits(needed: int | None, free: int) -> bool:
    return needed is None or needed <= USABLE * free


def _padded_width(model, num_tokens: int) -> int:
    """The width of a batch whose longest text has `num_tokens`."""
    widths = padded_lengths(model.preprocessor.sequence_length)
    if model.recipe.pools_padding:
        return widths[-1]
    tokens = num_tokens + model.preprocessor.num_special_tokens
    return next((width for width in widths if width >= tokens), widths[-1])


def _widest(model, dataset) -> int:
    """The width of the widest batch of views."""
    extra = MASKING_TOKENS if model.preprocessor.span_length else 0
    return _padded_width(model, dataset.longest_text() + extra)


def _largest_slice(model, num_rows: int, whole: FittingSlices) -> int:
    def needed(size: int) -> int:
        return training_memory(model, size, whole.width, in_slices=True) or 0

    sizes = range(1, num_rows)
    largest = bisect.bisect_right(sizes, USABLE * whole.free, key=needed)
    if not largest:
        raise MemoryError(
            f"Training does not fit into memory: {whole.reason}, and even "
            f"one text at a time would take {readable(needed(1))}. What "
            "helps: a smaller `sequence_length`, a smaller backbone as "
            "`preset`, or more memory"
        )
    return largest


def fitting_batch_size(model, token_ids: list) -> int:
    """The `batch_size` of `encode_ids` if the user does not set it.

    Args:
        model: A `MirrorModel`.
        token_ids: List of sequences of integers, without special tokens.

    Returns:
        64, or fewer if calls of the encoder would not fit into free memory.

    Example:

    >>> fitting_batch_size(model, [(7, 8), (9,)])
    64
    """
    longest = model.preprocessor.sequence_length
    width = _padded_width(model, max(map(len, token_ids), default=0))
    most = BATCH_SIZE * longest
    num_tokens = min(most, padded_rows(len(token_ids) or 1, most) * width)
    needed = encoding_memory(model, num_tokens, width)
    if needed is None or needed <= SMALL:
        return BATCH_SIZE
    free = training_devices(model).free_memory
    if _fits(needed, free):
        return BATCH_SIZE
    fitting = bisect.bisect_right(
        range(1, BATCH_SIZE),
        USABLE * free,
        key=lambda size: encoding_memory(model, size * longest, width) or 0,
    )
    return max(1, fitting)
