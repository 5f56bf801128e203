from processes import run_command
from processes import run_script
from rich.table import Table


def scaling(arguments):
    """Ten times the texts: ten times the seconds, in the same memory."""
    counts = (10_000, 100_000, 1_000_000)
    folder = arguments.folder
    run_script("tiny_model.py", folder, "--texts", *map(str, counts))
    commands = {
        "train": (
            "--preset",
            folder / "preset",
            "--output",
            folder / "a.keras",
        ),
        "encode": ("--output", folder / "vectors.npy"),
    }
    table = Table("command", "backend", "texts", "seconds", "peak MB")
    for backend in arguments.backends:
        for command, few, many in (
            ("train", *counts[:2]),
            ("encode", *counts[1:]),
        ):
            archive = [folder / "tiny.keras"] * (command == "encode")
            for count in (few, many):
                texts = folder / f"{count}.txt"
                options = [*archive, texts, *commands[command], "--overwrite"]
                run = run_command(command, *options, backend=backend)
                cells = [f"{count:,}", f"{run.seconds:.1f}"]
                cells.append(f"{run.peak_megabytes:.0f}")
                table.add_row(command, backend, *cells)
    return table
