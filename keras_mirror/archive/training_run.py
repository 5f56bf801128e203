"""Free of Keras, for `keras-mirror info`."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class TrainingRun:
    """One call of `MirrorModel.fit`, in numbers: no text of the corpus.

    Args:
        corpus: Dict of counts and a hash, see `corpus_summary`, or `None`
            where it is unknown: of a dataset that `mirror_dataset` did not
            make, or that was changed since.
        batch_size: Integer, strings a step, or `None` where unknown.
        epochs: Integer, those asked for.
        completed_epochs: Integer, those that came to their end.
        steps: Integer, those that ran.
        seconds: Float, from the first step's beginning to the last step's
            end, or to the end of `fit`.
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
