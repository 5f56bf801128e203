"""Runs of `fit` on record; `keras-mirror info` reads them without Keras."""

import dataclasses
import math

_COUNTS = ("epochs", "completed_epochs", "steps")
_CORPUS = {
    **dict.fromkeys(("num_strings", "num_pairs", "num_empty"), int),
    **dict.fromkeys(("num_binary", "num_duplicates"), int),
    "sha256": str,
}


@dataclasses.dataclass(frozen=True)
class TrainingRun:
    """One call of `MirrorModel.fit` in numbers, without any text of the corpus.

    Args:
        corpus: Dict of counts and a hash, see `corpus_summary`. `None` if it
            is unknown: `mirror_dataset` did not make the dataset, or the
            dataset was changed since.
        batch_size: Integer, strings per step, or `None` if unknown.
        epochs: Integer, the epochs asked for.
        completed_epochs: Integer, the epochs that were completed.
        steps: Integer, the steps that ran.
        seconds: Float, from the start of the first step to the end of the
            last one, or to the end of `fit`.
        versions: Dict of strings, see
            `keras_mirror.archive.record.software_versions`.

    Example:

    >>> TrainingRun(steps=46, seconds=35.2).steps
    46
    """

    corpus: dict | None = None
    batch_size: int | None = None
    epochs: int = 0
    completed_epochs: int = 0
    steps: int = 0
    seconds: float = 0.0
    versions: dict = dataclasses.field(default_factory=dict)


def checked_run(config: dict) -> TrainingRun:
    """Reads a run from a file and checks its types.

    Args:
        config: Dict, the fields of a `TrainingRun`.

    Returns:
        A `TrainingRun`.

    Raises:
        ValueError: A field is of another type.

    Example:

    >>> checked_run({"steps": 46}).steps
    46
    """
    run = TrainingRun(**config)
    is_valid = (
        all(isinstance(getattr(run, name), int) for name in _COUNTS)
        and isinstance(run.batch_size, int | None)
        and isinstance(run.seconds, int | float)
        and math.isfinite(run.seconds)
        and _holds(run.versions, {x: str for x in run.versions})
        and (run.corpus is None or _holds(run.corpus, _CORPUS))
    )
    if not is_valid:
        raise ValueError(
            "A run on record must hold whole numbers, seconds, versions as "
            f"strings, and counts of a corpus. Received: {str(config)[:200]}"
        )
    return run


def _holds(values, kinds: dict) -> bool:
    return isinstance(values, dict) and all(
        isinstance(values.get(name), kind) for name, kind in kinds.items()
    )
