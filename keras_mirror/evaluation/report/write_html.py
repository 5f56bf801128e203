import importlib
import os
from collections.abc import Sequence

from keras_mirror.evaluation.evaluate import Evaluation
from keras_mirror.html_page import write_page_file


def write_html(
    evaluation: Evaluation,
    path: str | os.PathLike[str],
    log: str | None = None,
    notes: Sequence[str] = (),
    overwrite: bool = True,
) -> None:
    """Writes the report of an evaluation: one HTML file that needs no network.

    It shows scores with their intervals, how near related texts are, and how
    the neighbors of texts changed. The same evaluation gives the same report.

    Args:
        evaluation: An `Evaluation`.
        path: String, the file to write. It is replaced only once everything
            is written.
        log: String, a CSV file with a header, a column `step`, and numbers
            such as `loss`, `alignment` and `uniformity`. Defaults to `None`:
            no curves.
        notes: List of strings to show at the top, such as
            `"pooling overridden: mean"`. Defaults to none.
        overwrite: Boolean, whether an existing file may be replaced. Defaults
            to `True`.

    Raises:
        FileExistsError: `path` exists, and `overwrite` is `False`.
        ImportError: Plotly or Jinja is not installed.
        ValueError: `log` cannot be read.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> from keras_mirror.evaluation import evaluate
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> evaluation = evaluate({"before": model, "after": model}, [task])
    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> write_html(evaluation, os.path.join(folder, "report.html"))
    >>> os.listdir(folder)
    ['report.html']
    """
    check_installed()
    # After the check, which has the better message.
    from keras_mirror.evaluation.report.page import render_page
    from keras_mirror.evaluation.report.training_curves import read_training_log

    curves = None if log is None else read_training_log(log)
    write_page_file(path, render_page(evaluation, curves, notes), overwrite)


def check_installed() -> None:
    """Raises an ImportError that says what the report needs, if it is missing.

    Example:

    >>> check_installed()
    """
    for name in ("plotly", "jinja2"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f"The report needs {name}. "
                "Install it with `pip install keras-mirror[report]`"
            ) from error
