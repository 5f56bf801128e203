"""Results for programs: the options `--json`, `--csv` and `--latex`."""

import dataclasses
import functools
import json
from collections.abc import Callable
from typing import Any

import click

from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.command import OpenOption
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_json
from keras_mirror.cli.files import check_output
from keras_mirror.cli.sheet import Sheet

SUFFIXES = {"json": ".json", "csv": ".csv", "latex": ".tex"}
HELP = {
    "json": "Print the result as JSON, or write it to FILE (*.json).",
    "csv": "Print the result as CSV, or write it to FILE (*.csv).",
    "latex": "Print the table for LaTeX, or write it to FILE (*.tex).",
}
SCREEN = "-"
DEVICES = "/dev/"


@dataclasses.dataclass(frozen=True)
class ResultForms:
    """Where a command writes its result for programs.

    Args:
        paths: Dict from the names of forms, keys of `SUFFIXES`, to paths of
            files, or to `"-"`: the standard output.
        overwrite: Boolean, whether existing files may be replaced.
    """

    paths: dict[str, str]
    overwrite: bool = False

    @property
    def take_screen(self) -> bool:
        """Whether the standard output is for a program, not for people."""
        return SCREEN in self.paths.values()

    @property
    def files(self) -> list[str]:
        return [path for path in self.paths.values() if path != SCREEN]

    def check(self) -> None:
        """Finds out before the work starts whether all can be written."""
        if list(self.paths.values()).count(SCREEN) > 1:
            names = " and ".join(f"--{name}" for name in self.paths)
            raise click.UsageError(
                f"{names} cannot be printed together: give all but one a FILE"
            )
        for name, path in self.paths.items():
            if path != SCREEN:
                is_device = path.startswith(DEVICES)
                suffix = None if is_device else SUFFIXES[name]
                check_output(path, self.overwrite, suffix, f"--{name}")

    def write(
        self,
        sheet: Sheet | None = None,
        content: object = None,
        shown: Sheet | None = None,
    ) -> None:
        """Writes a result in all forms that were asked for.

        Args:
            sheet: A `Sheet` with a row per item, for CSV.
            content: What JSON can hold. Defaults to `None`: the records of
                `sheet`.
            shown: A `Sheet` as it looks on paper, for LaTeX. Defaults to
                `None`: `sheet`.
        """
        for name, path in self.paths.items():
            table = (shown if name == "latex" else None) or sheet
            if name == "json":
                records = sheet.as_records() if sheet else None
                self._write_json(path, records if content is None else content)
            elif table:
                as_text = table.as_csv if name == "csv" else table.as_latex
                self._write(path, as_text())

    def _write_json(self, path: str, content: object) -> None:
        if path == SCREEN:
            print_json(content, indent=2)
        else:
            text = json.dumps(content, indent=1, ensure_ascii=False)
            self._write(path, f"{text}\n")

    def _write(self, path: str, text: str) -> None:
        if path == SCREEN:
            echo(text, nl=False)
            return
        with atomic_output(path, overwrite=self.overwrite) as unfinished:
            # Half a character, which UTF-8 cannot hold, as JSON writes it.
            with open(
                unfinished, "w", encoding="utf-8", errors="backslashreplace"
            ) as file:
                file.write(text)


def result_options(*names: str) -> Callable[..., Any]:
    """Adds `--json`, `--csv` and `--latex`, or some of them.

    The command, a `keras_mirror.cli.command.Command`, gets `forms`, a
    `ResultForms` whose files can be written.

    Args:
        *names: Strings, keys of `SUFFIXES`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_forms(**arguments: Any) -> Any:
            given = {name: arguments.pop(f"{name}_path") for name in names}
            paths = {name: path for name, path in given.items() if path}
            forms = ResultForms(paths, arguments.get("overwrite", False))
            forms.check()
            return command(forms=forms, **arguments)

        for name in reversed(names):
            with_forms = click.option(
                f"--{name}",
                f"{name}_path",
                cls=OpenOption,
                word=rf"-|{DEVICES}.+|.+\{SUFFIXES[name]}",
                most=1,
                bare=SCREEN,
                metavar="[FILE]",
                help=HELP[name],
            )(with_forms)
        return with_forms

    return decorate
