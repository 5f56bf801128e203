"""The least that the arithmetic takes, and how near to it a side comes."""

from processes import run_script
from rich.table import Table


def measured_floor(arguments):
    """The numbers that `sides/floor.py` prints, in GFLOP and GFLOP/s."""
    options = ("--weights", arguments.weights)
    script = ("floor.py", arguments.corpus, *options)
    return run_script(*script, backend="torch").printed


def share(gflops_per_second, rate):
    """Percent of the machine's own rate."""
    return f"{100 * gflops_per_second / rate:.0f} %" if rate else "-"


def floor(arguments):
    """(f): what the arithmetic alone would take."""
    measured = measured_floor(arguments)
    table = Table("floor", "GFLOP/s", "encode, s", "train, s")
    for precision in ("float32", "bfloat16"):
        rate = measured[precision]
        seconds = [
            measured[f"{work}_gflops"] / rate for work in ("encode", "train")
        ]
        table.add_row(
            precision, f"{rate:.0f}", *(f"{value:.1f}" for value in seconds)
        )
    return table
