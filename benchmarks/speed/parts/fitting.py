from processes import run_script
from rich.table import Table


def steps(arguments):
    """(d): strings a second after the first step, and the time to that."""
    table = Table("fit", "dtype", "first step, s", "strings a second")
    for backend in arguments.backends:
        for dtype in arguments.dtypes:
            options = ("--weights", arguments.weights, "--dtype-policy", dtype)
            run = run_script(
                "steps.py", arguments.corpus, *options, backend=backend
            ).printed
            first, rate = run["first_step"], run["strings_per_second"]
            table.add_row(backend, dtype, f"{first:.1f}", f"{rate:.0f}")
    return table


def memory(arguments):
    """(e): the peak of a process that takes two steps."""
    table = Table("fit", "batch", "mini-batch", "peak MB", "strings a second")
    for backend in arguments.backends:
        for batch, mini in ((200, None), (2000, None), (2000, 400)):
            options = ["--weights", arguments.weights, "--steps", "2"]
            options += ["--batch-size", str(batch)]
            options += ["--mini-batch-size", str(mini)] if mini else []
            run = run_script(
                "steps.py", arguments.corpus, *options, backend=backend
            )
            rate = run.printed["strings_per_second"]
            cells = [batch, mini or "-", f"{run.peak_megabytes:.0f}"]
            table.add_row(backend, *map(str, cells), f"{rate:.0f}")
    return table
