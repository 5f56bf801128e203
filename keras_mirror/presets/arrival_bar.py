import contextlib
import pathlib
import sys
import threading
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import DownloadColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn
from rich.progress import TransferSpeedColumn

from keras_mirror.presets.registry import NamedPreset

# Seconds between two checks of how much has arrived.
_TICK = 0.1


@contextlib.contextmanager
def arrival_bar(preset: NamedPreset, folder: pathlib.Path) -> Iterator[None]:
    """Shows the number of bytes in a folder while another function fills it."""
    is_done = threading.Event()
    with Progress(
        TextColumn("{task.description}"),
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn()),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    ) as bar:
        task = bar.add_task(f"Fetching {preset.name}", total=preset.size)

        def watch() -> None:
            while not is_done.wait(_TICK):
                bar.update(task, completed=min(_size(folder), preset.size))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_done.set()
            watcher.join()
        bar.update(task, completed=preset.size)


def _size(folder: pathlib.Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # moved away meanwhile
            total += path.stat().st_size
    return total
