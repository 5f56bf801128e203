import dataclasses
import os
import time
import warnings
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
from keras_mirror.arguments import check_column
from keras_mirror.arguments import check_integer
from keras_mirror.data import Corpus
from keras_mirror.data import sample_strings
from keras_mirror.data.token_shares import token_shares
from keras_mirror.evaluation import Evaluation
from keras_mirror.evaluation import evaluate
from keras_mirror.evidence import gather_evidence
from keras_mirror.recipes import MIRRORED
from keras_mirror.recipes import WHITENED

AS_IT_WAS = "as it was"

OnProgress = Callable[[str, int, int], object]
Pairs = Iterable[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Adaptation:
    """The result of `adapt`: the model, the verdict and the evidence.

    Args:
        model: The `MirrorModel` to use: an adapted one or the original.
        verdict: The `Verdict`.
        taken: String, the name of the candidate that `model` is. `None` if it
            is the original encoder.
        candidates: Dict from names to adapted `MirrorModel`s: `"together"` and
            `"apart"` for an encoder, `"mirrored"` and `"whitened"` for a raw
            language model.
        evaluation: The `Evaluation` of all models, the original first.
        risks: Dict from the names of the candidates to their `Risk`.
        corpus: The `Corpus` that was trained on.
        is_encoder: Boolean, whether the start was an encoder already.
        seconds: Dict from the names of the stages to their seconds.

    Example:

    ```python
    adaptation = keras_mirror.adapt(model, texts, labels=labels)
    print(adaptation.sentence)
    adaptation.model.save("encoder.keras")
    ```
    """

    model: Any
    verdict: Verdict
    taken: str | None
    candidates: dict[str, Any]
    evaluation: Evaluation
    risks: dict[str, Risk]
    corpus: Corpus
    is_encoder: bool
    seconds: dict[str, float]

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, and which encoder was taken."""
        if self.is_forced:
            how = f"adapted ({self.taken}) because it was forced"
            return f"{how}; {self.verdict.sentence}"
        return self.verdict.sentence

    @property
    def is_forced(self) -> bool:
        """Whether an adapted encoder was taken against the verdict."""
        return self.taken is not None and self.verdict.candidate is None


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

    A raw language model is trained by the recipe `"sentence"`; whitening the
    result makes a second candidate, see `MirrorModel.whitened`. An encoder also
    gets two candidates, since what helps depends on what the texts are for:
    `"together"` brings related texts together, which helps topics and clusters,
    `"apart"` tells similar ones apart, which helps fine differences of meaning.
    The frozen original guides both (see `keras_mirror.guide.Guide`), and
    `merge` goes half of the way to the trained weights. Then all models are
    scored on all available evidence, none of which was trained on. If there is
    evidence for a candidate and none against it, the best such candidate is
    taken; otherwise the original is kept.

    Args:
        start: A `MirrorModel`, the path of its archive, or what
            `MirrorModel.from_preset` takes.
        texts: List of strings, and of tuples of two strings that mean the
            same, which become two views of one string.
        columns, pairs, labels, second_encoder: The evidence, see
            `keras_mirror.evidence.gather_evidence`. `labels` holds one label
            per text.
        alpha: Float in `[0, 1]`, see `merge`. Defaults to `None`: 0.5 for an
            encoder, 1 for a raw language model.
        num_seeds: Integer, the number of trainings, whose weights are merged.
            Defaults to `1`.
        sample: Integer, the maximum number of texts to train on; from a larger
            corpus this many are drawn. Defaults to `None`: 5,000 for an
            encoder, 10,000 for a raw language model.
        seed: Integer that decides all random draws, those of Keras included.
            Defaults to `0`.
        center: Boolean, whether the mean of the texts is removed from the
            adapted encoder, see `MirrorModel.centered`. Defaults to `False`.
        guide_folder: String or path, see
            `keras_mirror.guide.embed_corpus.embed_corpus`. Defaults to
            `None`: the guide stays in memory.
        train_columns: Boolean, whether training also uses four fifths of
            `columns` as pairs, two views of one string; the rest is evidence.
            Defaults to `False`: all of `columns` is evidence.
        force: Boolean, whether to take the first candidate even without
            evidence for any, and to train even if most tokens are unknown to
            the model. Defaults to `False`.
        on_progress: Function of the name of a stage, the amount of work just
            done, and the total. Defaults to `None`.
        **fields: Fields of `Recipe` with new values.

    Returns:
        An `Adaptation`.

    Raises:
        TypeError: `start`, a text, or a part of a pair is of another type.
        ValueError: There are too few texts, pairs or labels, most of their
            tokens are unknown to the model, or a value is out of range.

    Example:

    >>> texts = [f"{number} dogs run" for number in range(40)]
    >>> adaptation = adapt(model, texts, batch_size=10)
    >>> adaptation.verdict.name in ("adapted", "kept", "no evidence")
    True
    """
    check_column(texts)
    texts = list(texts)
    tell = on_progress or (lambda part, count, total: None)
    clock = _Clock()
    begun = open_start(start, **fields)
    alpha = begun.alpha if alpha is None else alpha
    if train_columns:
        trained_on, columns = split_columns(columns, seed)
        texts = [*trained_on, *texts]
    if sample is None:
        sample = begun.sample
    corpus = sample_strings(texts, check_integer("sample", sample), seed)
    _check_tokens(corpus, begun.model.preprocessor, force)
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
    candidates, guides = train_from(
        begun, corpus, alpha, seeds, guide_folder, tell
    )
    if center:
        candidates = {
            name: model.centered(corpus.strings)
            for name, model in candidates.items()
        }
    if not begun.is_encoder:
        mirrored = candidates[MIRRORED]
        candidates[WHITENED] = mirrored.whitened(corpus.strings)
    clock.lap("training")
    models = {AS_IT_WAS: begun.model, **candidates}
    evaluation = _evaluate(models, tasks, tell)
    risks = {
        name: _risk(begun.model, model, corpus, guides.get(name))
        for name, model in candidates.items()
    }
    clock.lap("evidence")
    verdict = decide(
        list(models), evaluation.rows, general_counts=not begun.is_encoder
    )
    taken = verdict.candidate or (next(iter(candidates)) if force else None)
    adaptation = Adaptation(
        model=candidates[taken] if taken else begun.as_it_was(),
        verdict=verdict,
        taken=taken,
        candidates=candidates,
        evaluation=evaluation,
        risks=risks,
        corpus=corpus,
        is_encoder=begun.is_encoder,
        seconds=clock.seconds,
    )
    record = adaptation.model.record.with_notes(adaptation.sentence)
    adaptation.model.record = record
    return adaptation


def _check_tokens(corpus: Corpus, preprocessor, force: bool) -> None:
    if not corpus.strings:
        return  # which is told where they are counted
    shares = token_shares(corpus, preprocessor)
    if not shares.are_foreign:
        return
    if not force:
        raise ValueError(
            f"{shares.problem}. {shares.way_out}, or adapt anyway with "
            "force=True (--force at the command line)"
        )
    warnings.warn(f"{shares.problem}. {shares.way_out}.", stacklevel=3)


def _evaluate(models: dict, tasks: list, tell: OnProgress) -> Evaluation:
    num_texts = len({text for task in tasks for text in task.texts()})
    total = len(models) * num_texts
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
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.monotonic()

    def lap(self, part: str) -> None:
        """Adds the time since the last lap to a stage."""
        now = time.monotonic()
        before = self.seconds.get(part, 0.0)
        self.seconds[part] = before + now - self._start
        self._start = now
