import dataclasses
import math
import os
import pathlib
import sys

import keras
import keras_hub

from keras_mirror.archive.training_run import TrainingRun
from keras_mirror.archive.training_run import checked_run
from keras_mirror.version import __version__


@keras.saving.register_keras_serializable(package="keras_mirror")
@dataclasses.dataclass(frozen=True)
class TrainingRecord:
    """The origin and history of a model: `MirrorModel.record`.

    It is saved in the archive and shown in the model card. `from_preset` fills
    in the base and `fit` the runs; you may add scores. Only training by `fit`
    is recorded.

    Args:
        base: String, the name or the handle of the preset; for a local folder
            only its name. `None` if it is unknown.
        runs: Tuple of `TrainingRun`, one per call of `fit`.
        scores: Dict from names to numbers, the scores of the current weights;
            `fit` drops them.
        notes: Tuple of strings, other findings about the current weights, such
            as a verdict of `keras_mirror.adapt`; `fit` drops them too.
        teacher: String, the name of the encoder whose vectors it learned, see
            `keras_mirror.distill`. Defaults to `None`: none.

    Example:

    >>> model.record = model.record.with_scores({"STS-B dev": 72.1})
    >>> model.record.scores
    {'STS-B dev': 72.1}
    """

    base: str | None = None
    runs: tuple[TrainingRun, ...] = ()
    scores: dict = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    teacher: str | None = None

    @classmethod
    def of_preset(cls, preset: str | os.PathLike[str]) -> "TrainingRecord":
        """A record of a model that was just loaded.

        Args:
            preset: As in `MirrorModel.from_preset`.

        Returns:
            A `TrainingRecord`.

        Example:

        >>> TrainingRecord.of_preset("bert_base_en_uncased").base
        'bert_base_en_uncased'
        """
        preset = os.fspath(preset)
        if os.path.isdir(preset):
            # A path on a user's disk is private.
            preset = pathlib.Path(preset).resolve().name
        return cls(preset or None)

    def with_run(self, run: TrainingRun) -> "TrainingRecord":
        """This record and one more run, without scores and notes.

        Args:
            run: A `TrainingRun`.

        Returns:
            A `TrainingRecord`.

        Example:

        >>> len(TrainingRecord().with_run(TrainingRun(steps=1)).runs)
        1
        """
        runs = (*self.runs, run)
        return TrainingRecord(self.base, runs, teacher=self.teacher)

    def with_scores(self, scores: dict[str, float]) -> "TrainingRecord":
        """This record with more scores, for the model card.

        Args:
            scores: Dict from names to finite numbers. Say in a name what was
                measured, on what and in which unit.

        Returns:
            A `TrainingRecord`.

        Raises:
            ValueError: A name is not a string, or a score not a finite number.

        Example:

        >>> record = TrainingRecord().with_scores({"STS-B dev, x 100": 72.1})
        >>> record.with_scores({"SICK": 57}).scores
        {'STS-B dev, x 100': 72.1, 'SICK': 57.0}
        """
        _check_scores(scores)
        numbers = {name: float(score) for name, score in scores.items()}
        merged = {**self.scores, **numbers}
        return dataclasses.replace(self, scores=merged)

    def with_notes(self, *notes: str) -> "TrainingRecord":
        """This record with more notes, for the model card.

        Args:
            *notes: Strings.

        Returns:
            A `TrainingRecord`.

        Example:

        >>> TrainingRecord().with_notes("kept as it was").notes
        ('kept as it was',)
        """
        return dataclasses.replace(self, notes=(*self.notes, *notes))

    def get_config(self) -> dict:
        config = dataclasses.asdict(self)
        return {
            **config,
            "runs": list(config["runs"]),
            "notes": list(config["notes"]),
        }

    @classmethod
    def from_config(cls, config: dict) -> "TrainingRecord":
        runs = tuple(map(checked_run, config["runs"]))
        notes = tuple(config.get("notes", ()))  # not in older archives
        record = cls(**{**config, "runs": runs, "notes": notes})
        _check_scores(record.scores)
        for text in (record.base or "", record.teacher or "", *notes):
            if not isinstance(text, str):
                raise ValueError(
                    "`base`, `teacher`, `notes` of a record must be strings. "
                    f"Received: {text!r}"
                )
        return record


def software_versions() -> dict[str, str]:
    """Versions of the software that trained or wrote a model, for its card.

    Returns:
        A dict of strings with the keys `"keras_mirror"`, `"keras"`,
        `"keras_hub"` and `"backend"`.

    Example:

    >>> sorted(software_versions())
    ['backend', 'keras', 'keras_hub', 'keras_mirror']
    """
    backend = keras.backend.backend()
    # Keras has imported the backend; the modules of other backends may have
    # other names.
    version = getattr(sys.modules.get(backend), "__version__", "")
    return {
        "keras_mirror": __version__,
        "keras": keras.__version__,
        "keras_hub": keras_hub.__version__,
        "backend": f"{backend} {version}".strip(),
    }


def checked_record(record: TrainingRecord | None) -> TrainingRecord:
    """Checks a record; `None` becomes an empty one."""
    record = TrainingRecord() if record is None else record
    if not isinstance(record, TrainingRecord):
        raise TypeError(
            f"`record` must be a `TrainingRecord`. Received: record={record!r}"
        )
    return record


def _check_scores(scores: dict[str, float]) -> None:
    for name, score in scores.items():
        if not isinstance(name, str) or not _is_finite_number(score):
            raise ValueError(
                "`scores` must be a dict from strings to finite numbers. "
                f"Received: {name!r}: {score!r}"
            )


def _is_finite_number(value) -> bool:
    try:
        return not isinstance(value, (bool, str)) and math.isfinite(value)
    except TypeError:
        return False
