"""Apart from `record`, which needs Keras: `keras-mirror info` shows runs."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class TrainingRun:
    """One call of `MirrorModel.fit` in numbers, without text of the corpus.

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
