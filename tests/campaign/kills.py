"""Commands that are killed at any moment, and run again."""

import pathlib
import random
import re
import shutil
import signal

from campaign import forks
from campaign.commands import COMMANDS
from campaign.commands import Command
from campaign.commands import are_equal
from campaign.commands import write_inputs
from campaign.outcomes import Disturbed
from campaign.watch import snapshot

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
BYSTANDER = "bystander.txt"
PAGE = 4096  # bytes
# What a killed command may leave: the next run of it removes this.
LEFTOVERS = re.compile(r"\..+\.(lock|\w+\.unfinished)")


class Killer:
    """Kills commands in folders of its own.

    Args:
        root: A `pathlib.Path` of an empty folder.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        forks.prepare()
        write_inputs(root)
        self.inputs = root / "inputs"
        self._whole = snapshot(self.inputs)
        self._references: dict[str, tuple[object, float]] = {}
        self.sizes: dict[str, int] = {}

    def kill(self, name: str, seed: int) -> Disturbed:
        """Kills a command as a seed says."""
        command, draw = COMMANDS[name], random.Random(f"{name} {seed}")
        reference, seconds = self.reference(name)
        folder = self.new_folder("killed")
        old = None
        if not command.resumes and draw.random() < 0.5:
            old = write_old(folder / command.output)
        signum, part = draw.choice(SIGNALS), draw.random()
        ended = forks.run(
            arguments(command, overwrite=old is not None),
            folder,
            signum,
            after=part * seconds,
        )
        wrong = self.look(command, folder, old, reference)
        if ended.code == forks.HUNG:
            wrong.append(f"hung: {ended.errors[-300:]}")
        if signum == signal.SIGINT and ended.code == 1:
            wrong.append(f"failed: {ended.errors[-300:]}")
        more, resumed = self.again(command, folder, reference)
        end = "finished" if not ended.code else "stopped"
        end = "killed" if ended.code < 0 else end
        how = f"{signum.name} after {part:.2f} of {seconds:.2f} s"
        return Disturbed(name, seed, how, end, resumed, wrong + more)

    def reference(self, name: str) -> tuple[object, float]:
        """What a command writes if it is left alone, and its seconds."""
        if name not in self._references:
            command = COMMANDS[name]
            for _ in range(2):  # the first one warms up
                folder = self.new_folder("reference")
                ended = forks.run(arguments(command), folder)
                if ended.code:
                    raise ValueError(f"{name} failed: {ended.errors}")
            made = command.read(folder / command.output)
            self._references[name] = made, ended.seconds
            self.sizes[name] = size_of(folder / command.output)
        return self._references[name]

    def new_folder(self, name: str) -> pathlib.Path:
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return self.furnished(folder)

    def furnished(self, folder: pathlib.Path) -> pathlib.Path:
        """A folder with the inputs, and a file that nobody may touch."""
        (folder / "inputs").symlink_to(self.inputs)
        (folder / BYSTANDER).write_text("precious")
        return folder

    def look(
        self, command: Command, folder: pathlib.Path, old, reference
    ) -> list[str]:
        """What is wrong after a command ended, however it did."""
        wrong = []
        if snapshot(self.inputs) != self._whole:
            wrong.append("an input was changed")
        if (folder / BYSTANDER).read_text() != "precious":
            wrong.append("another file was changed")
        output = folder / command.output
        if old is not None and not is_old(output):
            aside = list(folder.glob(f".{command.output}.*.unfinished/old"))
            if not output.exists() and not any(map(is_old, aside)):
                wrong.append("what was there is lost")
            elif output.exists():
                wrong += _unequal(command, output, reference)
        elif old is None and output.exists() and not command.resumes:
            wrong += _unequal(command, output, reference)
        return wrong + [
            f"left {name}"
            for name in self.names(folder)
            if not _may_stay(command, name) and not LEFTOVERS.fullmatch(name)
        ]

    def again(
        self, command: Command, folder: pathlib.Path, reference
    ) -> tuple[list[str], bool]:
        """Runs a command once more, to its end; whether it went on."""
        kept = (folder / command.output).with_suffix(".checkpoint.npz")
        resumes = kept.exists()
        words = arguments(command, overwrite=not command.resumes)
        if resumes:
            words.append("--resume")
        ended = forks.run(words, folder)
        if ended.code:
            return [f"the next run failed: {ended.errors[-500:]}"], resumes
        wrong = _unequal(command, folder / command.output, reference)
        wrong += [
            f"the next run left {name}"
            for name in self.names(folder)
            if not _may_stay(command, name) or name.endswith(".checkpoint.npz")
        ]
        return wrong, resumes

    def names(self, folder: pathlib.Path) -> list[str]:
        """What is in a folder, but for what was there before a command."""
        names = {path.name for path in folder.iterdir()}
        return sorted(names - {"inputs", BYSTANDER})


def size_of(path: pathlib.Path) -> int:
    """The bytes of a file or a folder, in whole pages."""
    files = [path, *path.rglob("*")]
    sizes = [x.stat().st_size for x in files if x.is_file()]
    return sum(-(-size // PAGE) * PAGE for size in sizes)


def arguments(command: Command, overwrite: bool = False) -> list[str]:
    """The words of a command, with the name of its output."""
    words = [
        command.output if word == "OUTPUT" else word
        for word in command.arguments
    ]
    return [*words, "--overwrite"] if overwrite else words


# Of folders that are replaced: what says that they are of the command's kind.
_TOLD_BY = {"": "modules.json", ".index": "documents.sqlite"}


def write_old(path: pathlib.Path) -> bytes:
    """Writes what an earlier run of a command may have left."""
    content = b"old, but precious"
    if path.suffix in _TOLD_BY:  # a folder, told by this file
        path.mkdir()
        path = path / _TOLD_BY[path.suffix]
    path.write_bytes(content)
    return content


def is_old(path: pathlib.Path) -> bool:
    """Whether a path still is what `write_old` wrote."""
    if path.is_dir():
        path = path / _TOLD_BY.get(path.suffix, "")
    return path.is_file() and path.read_bytes() == b"old, but precious"


def _may_stay(command: Command, name: str) -> bool:
    stem = pathlib.Path(command.output).stem
    return name in (command.output, *command.others) or (
        command.arguments[0] == "train"
        and name in (f"{stem}.checkpoint.npz", f"{stem}.interrupted.keras")
    )


def _unequal(command: Command, output: pathlib.Path, reference) -> list[str]:
    try:
        made = command.read(output)
    except Exception as error:
        return [f"'{output.name}' is damaged: {type(error).__name__}: {error}"]
    if not are_equal(made, reference):
        return [f"'{output.name}' is another than that of a whole run"]
    return []
