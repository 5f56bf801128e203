"""What came of a damaged file, and of a command that was disturbed."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Args:
        kind: String, a key of `KINDS`.
        seed: Integer that makes the file again.
        what: "loaded", "refused", or what is wrong.
        detail: String, the error or what was touched.
        seconds: Float.
        num_bytes: Integer, what memory grew by at most.
    """

    kind: str
    seed: int
    what: str
    detail: str = ""
    seconds: float = 0.0
    num_bytes: int = 0

    @property
    def is_fine(self) -> bool:
        return self.what in ("loaded", "refused")


@dataclasses.dataclass(frozen=True)
class Disturbed:
    """What a command left that was disturbed, and that ran again.

    Args:
        command: String, a key of `COMMANDS`.
        seed: Integer that makes the same again, more or less.
        how: String, the signal and the part of the run before it, or the
            size of the disk.
        end: String: "killed", "stopped" (it noticed) or "finished".
        resumed: Boolean, whether it went on where it had been stopped.
        wrong: List of strings, what is wrong.
    """

    command: str
    seed: int
    how: str
    end: str
    resumed: bool
    wrong: list[str]
