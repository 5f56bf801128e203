import dataclasses
import os
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_mirror.adaptation.risk import NUM_STRINGS
from keras_mirror.adaptation.risk import Risk
from keras_mirror.adaptation.risk import measure_risk
from keras_mirror.adaptation.start import open_start
from keras_mirror.adaptation.training import split_columns
from keras_mirror.adaptation.training import train_from
from keras_mirror.adaptation.verdict import Verdict
from keras_mirror.adaptation.verdict import decide
from keras_mirror.data import Corpus
from keras_mirror.data import sample_strings
from keras_mirror.evaluation import Evaluation
from keras_mirror.evaluation import evaluate
from keras_mirror.evidence import gather_evidence

NAMES = ("as it was", "adapted")

OnProgress = Callable[[str, int, int], object]
Pairs = Iterable[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Adaptation:
    """What `adapt` made and found out.

    Args:
        model: The `MirrorModel` to use: adapted, or as it was.
        verdict: The `Verdict`.
        is_forced: Boolean, whether `model` is the adapted one against the
            verdict.
        candidate: The adapted `MirrorModel`, also where it was not taken.
        evaluation: The `Evaluation` of both, the original first.
        risk: A `Risk`.
        corpus: The `Corpus` that was trained on.
        is_encoder: Boolean, whether the start was an encoder already.
        seconds: Dict from the parts of the work to seconds.
    """

    model: Any
    verdict: Verdict
    is_forced: bool
    candidate: Any
    evaluation: Evaluation
    risk: Risk
    corpus: Corpus
    is_encoder: bool
    seconds: dict[str, float]

    @property
    def sentence(self) -> str:
        """The verdict, and which encoder was taken."""
        if self.is_forced:
            return f"adapted because it was forced; {self.verdict.sentence}"
        return self.verdict.sentence


def adapt(
    start,
    texts: Iterable,
    *,
    columns: Pairs | None = None,
    pairs: Pairs | None = None,
    labels: Sequence[str | None] | None = None,
    second_encoder=None,
    alpha: float | None = None,
    num_seeds: int = 1,
    sample: int | None = None,
    seed: int = 0,
    center: bool = False,
    guide_folder: str | os.PathLike[str] | None = None,
    train_columns: bool = False,
    force: bool = False,
    on_progress: OnProgress | None = None,
    **fields,
) -> Adaptation:
    """Adapts an encoder to texts without labels, and proves whether it helped.

    A raw language model is mirrored as the recipe `"sentence"` says. An
    encoder is trained by the recipe `"adapt"`: the frozen original guides it
    (see `keras_mirror.guide.Guide`), and `merge` goes half of the way to the
    trained weights. Then both are scored on all the evidence there is, none of
    which was trained on. With evidence against, and without any, the original
    is kept.

    Args:
        start: A `MirrorModel`, the path of its archive, or what
            `MirrorModel.from_preset` takes.
        texts: List of strings, and of tuples of two strings that mean the
            same, which become two views of one string.
        columns, pairs, labels, second_encoder: The evidence, see
            `keras_mirror.evidence.gather_evidence`. `labels` has an element
            for each of `texts`.
        alpha: Float in `[0, 1]`, see `merge`. Defaults to `None`: 0.5 for an
            encoder, 1 for a raw language model.
        num_seeds: Integer. Trains so often and merges all. Defaults to `1`.
        sample: Integer, the most texts that are trained on; of more, this
            many are drawn. Defaults to `None`: 5,000 for an encoder, 10,000
            for a raw language model.
        seed: Integer, of all that is drawn. Defaults to `0`.
        center: Boolean, whether the mean of the texts is removed from the
            adapted encoder, see `MirrorModel.centered`. Defaults to `False`.
        guide_folder: String or path, see
            `keras_mirror.guide.embed_corpus.embed_corpus`. Defaults to
            `None`: the guide stays in memory.
        train_columns: Boolean, whether four fifths of `columns` are pairs
            that are trained on too, two views of one string; the rest is
            evidence. Defaults to `False`: all of them are evidence.
        force: Boolean, whether the adapted encoder is taken whatever the
            verdict is. Defaults to `False`.
        on_progress: Function of the name of a part of the work, how much of
            it was just done, and how much there is. Defaults to `None`.
        **fields: Fields of `Recipe` with new values.

    Returns:
        An `Adaptation`.

    Raises:
        TypeError: `start`, a text, or a part of a pair is of another type.
        ValueError: There are too few texts, pairs or labels, or a value is
            out of range.

    Example:

    >>> texts = [f"{number} dogs run" for number in range(40)]
    >>> adaptation = adapt(model, texts, batch_size=10)
    >>> adaptation.verdict.name in ("adapted", "kept", "no evidence")
    True
    """
    texts = list(texts)
    tell = on_progress or (lambda part, count, total: None)
    clock = _Clock()
    begun = open_start(start, **fields)
    alpha = begun.alpha if alpha is None else alpha
    if train_columns:
        trained_on, columns = split_columns(columns, seed)
        texts = [*trained_on, *texts]
    corpus = sample_strings(texts, sample or begun.sample, seed)
    tasks = gather_evidence(
        [text for text in texts if isinstance(text, str)] or corpus.strings,
        columns=columns,
        pairs=pairs,
        labels=labels,
        second_encoder=second_encoder,
        seed=seed,
    )
    clock.lap("evidence")
    seeds = range(seed, seed + num_seeds)
    candidate, guide = train_from(
        begun.model, corpus, alpha, seeds, guide_folder, tell
    )
    if center:
        candidate = candidate.centered(corpus.strings)
    clock.lap("training")
    evaluation = _evaluate(begun.model, candidate, tasks, tell)
    risk = _risk(begun.model, candidate, corpus, guide)
    clock.lap("evidence")
    verdict = decide(evaluation.rows, general_counts=not begun.is_encoder)
    is_better = verdict.name == "adapted"
    adaptation = Adaptation(
        model=candidate if force or is_better else begun.as_it_was(),
        verdict=verdict,
        is_forced=force and not is_better,
        candidate=candidate,
        evaluation=evaluation,
        risk=risk,
        corpus=corpus,
        is_encoder=begun.is_encoder,
        seconds=clock.seconds,
    )
    record = adaptation.model.record.with_notes(adaptation.sentence)
    adaptation.model.record = record
    return adaptation


def _evaluate(original, candidate, tasks: list, tell: OnProgress) -> Evaluation:
    models = dict(zip(NAMES, (original, candidate), strict=True))
    total = 2 * len({text for task in tasks for text in task.texts()})
    return evaluate(
        models,
        tasks,
        on_progress=lambda name, count: tell("evidence", count, total),
    )


def _risk(original, candidate, corpus: Corpus, guide) -> Risk:
    strings = corpus.strings[:NUM_STRINGS]
    after = candidate.encode_text(strings)
    if guide is None:
        return measure_risk(original.encode_text(strings), after)
    before = np.asarray(guide.embeddings[0][: len(strings)])
    batch_size = min(original.recipe.batch_size, len(corpus.strings))
    similar = guide.share_left_out() * (batch_size - 1)
    return measure_risk(before, after, similar)


class _Clock:
    """Adds up the seconds of parts of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.monotonic()

    def lap(self, part: str) -> None:
        """Counts the time since the last lap for a part."""
        now = time.monotonic()
        before = self.seconds.get(part, 0.0)
        self.seconds[part] = before + now - self._start
        self._start = now
