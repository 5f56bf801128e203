from collections.abc import Iterable
from collections.abc import Sequence

import markupsafe
from plotly.offline import get_plotlyjs

from keras_mirror.evaluation.evaluate import Evaluation
from keras_mirror.evaluation.pooling_of import pooling_of
from keras_mirror.evaluation.report import formatting
from keras_mirror.evaluation.report.dot_plot import dot_plot
from keras_mirror.evaluation.report.geometry import geometries
from keras_mirror.evaluation.report.heat_map import heat_maps
from keras_mirror.evaluation.report.histogram import histograms
from keras_mirror.evaluation.report.neighbors import changed_neighbors
from keras_mirror.evaluation.report.neighbors import sample
from keras_mirror.evaluation.report.pairs import example_texts
from keras_mirror.evaluation.report.pairs import positive_pairs
from keras_mirror.evaluation.report.pairs import similarity_tasks
from keras_mirror.evaluation.report.tables import dropped_rows
from keras_mirror.evaluation.report.tables import headlines
from keras_mirror.evaluation.report.tables import score_table
from keras_mirror.evaluation.report.tables import verdict
from keras_mirror.evaluation.report.training_curves import curves
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.tasks import RetrievalTask
from keras_mirror.html_page import page_template
from keras_mirror.version import __version__

TEMPLATE = "report.html.jinja"


def render_page(
    evaluation: Evaluation,
    log: dict[str, list[float]] | None,
    notes: Sequence[str],
) -> str:
    """The report as a string of HTML, see `write_html`.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> from keras_mirror.evaluation import evaluate
    >>> task = SimilarityTask(
    ...     name="<mine>", texts_1=["a man"], texts_2=["plays"], scores=[5.0]
    ... )
    >>> evaluation = evaluate({"model": model}, [task])
    >>> "&lt;mine&gt;" in render_page(evaluation, None, [])
    True
    """
    template = page_template(
        "keras_mirror.evaluation.report", TEMPLATE, "report"
    )
    names = list(evaluation.models)
    return template.render(
        evaluation=evaluation,
        names=names,
        encoders=list(evaluation.embeddings),
        notes=notes,
        pooling_of=pooling_of,
        dropped=dropped_rows(evaluation),
        curves=curves(log or {}),
        plotly_js=markupsafe.Markup(get_plotlyjs()),
        version=__version__,
        formatting=formatting,
        verdict=verdict,
        **_of_scores(evaluation, names),
        **_of_embeddings(evaluation),
    )


def _of_scores(evaluation: Evaluation, names: list[str]) -> dict[str, object]:
    table = score_table(evaluation)
    rows_of_kinds = headlines(table).values()
    return {
        "table": table,
        "tiles": [rows[-1] for rows in rows_of_kinds],
        "dot_plot": dot_plot(
            [r for rows in rows_of_kinds for r in rows], names
        ),
    }


def _of_embeddings(evaluation: Evaluation) -> dict[str, object]:
    embeddings = evaluation.embeddings
    tasks = similarity_tasks(evaluation.tasks)
    examples = example_texts(tasks[0]) if tasks else []
    texts = sample(_texts(tasks or evaluation.tasks))
    related = [pair for task in tasks for pair in positive_pairs(task)]
    encoders = list(embeddings.values())
    return {
        "histograms": histograms(embeddings, tasks) if tasks else [],
        "heat_maps": heat_maps(embeddings, examples)
        if examples and encoders
        else {},
        "related": related,
        "geometries": geometries(embeddings, texts, related),
        "num_sampled": len(texts),
        "changes": changed_neighbors(encoders[0], encoders[-1], texts)
        if len(encoders) > 1
        else [],
    }


def _texts(tasks: Iterable[Task]) -> list[str]:
    """The texts to search neighbors among; for retrieval its documents."""
    return [
        text
        for task in tasks
        for text in (
            task.documents if isinstance(task, RetrievalTask) else task.texts()
        )
    ]
