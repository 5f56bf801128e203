"""The figures of the long form, as a page of benchmarks/results."""

import collections
from collections.abc import Iterable

HEAD = """# A campaign of damaged files, kills and full disks

Written by the long form of `tests/campaign`, see CONTRIBUTING.md.

{about}

## Damaged files

"Crashed" are a process that ended, more than 10 s, a refusal that takes more
than 1 s of the processor, more than 500 MB over what a good file takes, ids of
a `tokenizer.json` that `tokenizers` does not give, a file that was touched
outside of the folder or left behind, and an error of another type or without
the name of a file.

| Kind | Backend | Tried | Loaded | Refused | Crashed | Slowest, s | Most, MB |
|---|---|--:|--:|--:|--:|--:|--:|
"""
KILLS = """
## Kills and full disks

Each command is run again after its end, and must end with what an undisturbed
run writes. "Wrong" are an output that is damaged, an input or an old output
that is lost, files that are left behind, and a next run that fails.

| Command | By | Times | Finished | Stopped | Killed | Resumed | Wrong |
|---|---|--:|--:|--:|--:|--:|--:|
"""


def page(about: str, outcomes: dict, kills: dict) -> str:
    """A page of Markdown.

    Args:
        about: String, when and where.
        outcomes: Dict of lists of `Outcome`, by tuples of kind and backend.
        kills: Dict of lists of `Disturbed`, by tuples of command and cause.
    """
    lines = [HEAD.format(about=about)]
    lines += [_row(*key, of_kind(each)) for key, each in outcomes.items()]
    everything = [x for each in outcomes.values() for x in each]
    lines.append(_row("all", "", of_kind(everything)))
    lines.append(KILLS)
    lines += [_row(*key, of_command(each)) for key, each in kills.items()]
    for disturbance in dict.fromkeys(key[1] for key in kills):
        same = [x for k, v in kills.items() if k[1] == disturbance for x in v]
        lines.append(_row("all", disturbance, of_command(same)))
    wrong = [*filter(None, map(_told, everything))]
    wrong += [_told_kill(x) for each in kills.values() for x in each if x.wrong]
    if wrong:
        lines += ["\n## What is wrong\n\n", *wrong]
    return "".join(lines)


def of_kind(outcomes: list) -> list:
    counts = collections.Counter(each.what for each in outcomes)
    fine = counts["loaded"], counts["refused"]
    slowest = max((each.seconds for each in outcomes), default=0)
    most = max((each.num_bytes for each in outcomes), default=0)
    return [
        *(len(outcomes), *fine, len(outcomes) - sum(fine)),
        *(f"{slowest:.1f}", f"{most / 1e6:.0f}"),
    ]


def of_command(kills: list) -> list:
    ends = collections.Counter(each.end for each in kills)
    return [
        *(len(kills), ends["finished"], ends["stopped"], ends["killed"]),
        *(sum(x.resumed for x in kills), sum(bool(x.wrong) for x in kills)),
    ]


def _row(first: str, second: str, cells: Iterable) -> str:
    return f"| {' | '.join(map(str, [first, second, *cells]))} |\n"


def _told(outcome) -> str:
    if outcome.is_fine:
        return ""
    detail = " ".join(outcome.detail.split())[-300:]
    return f"- {outcome.kind}, seed {outcome.seed}: {outcome.what}: {detail}\n"


def _told_kill(kill) -> str:
    wrong = " ".join("; ".join(kill.wrong).split())[:400]
    return f"- {kill.command}, seed {kill.seed}, {kill.how}: {wrong}\n"
