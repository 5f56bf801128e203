"""One damaged file after the other: read, refused, or harm done."""

import os
import pathlib
import random
import shutil
import tempfile
import traceback
import warnings

from campaign.kinds import KINDS
from campaign.kinds import good_files
from campaign.mutations import CANARY
from campaign.outcomes import Outcome
from campaign.watch import Cost
from campaign.watch import Guard
from campaign.watch import Meter
from campaign.watch import snapshot

REFUSALS = (ValueError, OSError, ImportError)
MAX_SECONDS = 10
MAX_REFUSAL = 1  # second of the processor
MAX_BYTES = 500 * 10**6  # over what a good file takes


class Bench:
    """A folder of its own in which files are tried.

    Args:
        root: A `pathlib.Path` that exists.
        temporary: Boolean, whether the folder of temporary files is for this
            process alone, and inside of `root`: then nothing may stay there,
            and nothing be written elsewhere. Defaults to `True`.
        max_refusal: Float, the most seconds of the processor that a refusal
            may take. Defaults to `1`.
    """

    def __init__(
        self,
        root: pathlib.Path,
        temporary: bool = True,
        max_refusal: float = MAX_REFUSAL,
    ) -> None:
        self.folder = root / "tried"
        self.temporary = pathlib.Path(tempfile.gettempdir())
        canary = root / CANARY
        canary.mkdir(exist_ok=True)
        for name in ("secret.txt", "secret.h5"):
            (canary / name).write_text("precious")
        self._canary = canary
        self._is_alone = temporary
        self._max_refusal = max_refusal
        inside = [str(root), str(self.temporary)]
        self._guard = Guard(tuple(inside), str(canary))
        self._needs: dict[str, int] = {}

    def try_one(self, kind: str, seed: int) -> Outcome:
        """Reads the file of a seed."""
        need = self.warm_up(kind)
        draw = random.Random(f"{kind} {seed}")
        good = good_files(kind)
        self._write(KINDS[kind].change(good[seed % len(good)], draw))
        before = snapshot(self._canary), snapshot(self.folder)
        left = set(os.listdir(self.temporary))
        what, detail, cost = self._read(kind)
        if self._guard.touched:
            what, detail = "touched", "; ".join(self._guard.touched)
        elif before != (snapshot(self._canary), snapshot(self.folder)):
            what = "changed"
        elif self._is_alone and (
            more := set(os.listdir(self.temporary)) - left
        ):
            what, detail = "left over", f"{more} {detail}"
        elif cost.seconds > MAX_SECONDS:
            what = "slow"
        elif what == "refused" and cost.processor_seconds > self._max_refusal:
            what = "slowly refused"
        elif cost.num_bytes > need + MAX_BYTES:
            what = "memory"
        return Outcome(kind, seed, what, detail, cost.seconds, cost.num_bytes)

    def _read(self, kind: str) -> tuple[str, str, Cost]:
        what, detail = "loaded", ""
        with warnings.catch_warnings(), Meter() as meter, self._guard:
            warnings.simplefilter("ignore")
            try:
                KINDS[kind].read(self.folder)
            except REFUSALS as error:
                what, detail = "refused", f"{type(error).__name__}: {error}"
                if not self._is_named(str(error)):
                    what, detail = "no name", traceback.format_exc()
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # panics of Rust are no `Exception`
                what, detail = "wrong error", traceback.format_exc()
        return what, detail, meter.cost

    def warm_up(self, kind: str) -> int:
        """The bytes that the largest good file takes, with all first imports.

        Raises:
            ValueError: One is refused.
        """
        if kind not in self._needs:
            costs = []
            for files in good_files(kind):
                self._write(files)
                what, detail, cost = self._read(kind)
                if what != "loaded":
                    raise ValueError(f"a good {kind} is {what}: {detail}")
                costs.append(cost.num_bytes)
            self._needs[kind] = max(costs)
        return self._needs[kind]

    def _write(self, files: dict[str, bytes]) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _is_named(self, message: str) -> bool:
        if message.startswith("Vectors must be of finite numbers"):
            return True  # of a model: its files were read long ago
        names = [path.name for path in self.folder.rglob("*")]
        return any(name in message for name in [self.folder.name, *names])
