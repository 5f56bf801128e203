"""What `keras-mirror adapt` tells and keeps when it is done."""

import dataclasses

from keras_mirror.cli.models import save_archive
from keras_mirror.data.corpus import corpus_summary

HOW_TO_DECIDE = (
    "give --check-labels (fifty rows or more), --check-pairs, --columns or "
    "--check-encoder; or look for yourself: keras-mirror judge"
)

GIVE_MORE = (
    "give more of it (3,000 labels show a difference of a point); or look for "
    "yourself: keras-mirror judge"
)


def save_candidates(adaptation, output: str, overwrite: bool) -> dict[str, str]:
    """What was tried, beside an output that is the unchanged start."""
    paths = {}
    for name, model in adaptation.candidates.items():
        model.record = model.record.with_notes(f"{name}: no evidence for it")
        path = candidate_path(output, name)
        paths[name] = save_archive(model, path, overwrite)
    return paths


def candidate_path(output: str, name: str) -> str:
    """`"adapted.together.keras"`, beside `"adapted.keras"`."""
    return f"{output.removesuffix('.keras')}.{name}.keras"


def report_rows(adaptation, is_given: bool) -> list[tuple[str, str]]:
    """Names and values: the verdict, what it says of risk, what to do.

    Args:
        adaptation: An `Adaptation`.
        is_given: Boolean, whether evidence was given that did not decide.
    """
    risks = adaptation.risks
    kept = [
        f"{risk.neighbors_kept:.0%} ({name})" for name, risk in risks.items()
    ]
    near_doubles = next(iter(risks.values())).near_doubles
    rows = [
        ("verdict", adaptation.sentence),
        ("moved", f"of the ten nearest texts stayed {', '.join(kept)}"),
        ("near-doubles", f"{near_doubles:.0%} of the texts have a near-double"),
    ]
    if adaptation.verdict.name == "no evidence":
        rows.append(("to decide", GIVE_MORE if is_given else HOW_TO_DECIDE))
    return rows


def report_facts(adaptation) -> dict[str, object]:
    """The report as plain values, for JSON."""
    verdict = adaptation.verdict
    return {
        "verdict": verdict.name,
        "reasons": verdict.reasons,
        "forced": adaptation.is_forced,
        "start": "encoder" if adaptation.is_encoder else "language model",
        "taken": adaptation.taken,
        "risk": {
            name: dataclasses.asdict(risk)
            for name, risk in adaptation.risks.items()
        },
        "corpus": corpus_summary(adaptation.corpus),
        "recipes": {
            name: model.recipe.get_config()
            for name, model in adaptation.candidates.items()
        },
        "seconds": adaptation.seconds,
    }


def summary_rows(adaptation, output: str) -> dict[str, object]:
    """Rows for `print_summary`."""
    from keras_mirror.evaluation.pooling_of import pooling_of

    kind = "an encoder" if adaptation.is_encoder else "a language model"
    start = next(iter(adaptation.evaluation.models.values()))
    taken = adaptation.taken
    what = f"adapted ({taken})" if taken else "the unchanged start"
    return {
        "start": f"{kind}, pooling: {pooling_of(start)}",
        "tried": ", ".join(adaptation.candidates),
        "texts": len(adaptation.corpus.strings),
        "archive": f"{output}: {what}",
    }
