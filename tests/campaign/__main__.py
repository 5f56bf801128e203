"""The long form: thousands of damaged files, hundreds of kills.

PYTHONPATH=tests python -m campaign [--files 5000] [--kills 500] [--disks 50]
    [--kind KIND] [--first SEED] [--results FILE]

Takes about 25 minutes on two cores. Exits with 1 where anything is wrong.
"""

import argparse
import collections
import concurrent.futures
import datetime
import pathlib
import platform
import sys
import tempfile
import time

from campaign import disturbing
from campaign import report
from campaign import workers
from campaign.disturbing import DISKS
from campaign.disturbing import KILLS

# Of a hundred files; what only texts and JSON are read from is quick.
SHARES = {
    "archive": 18, "own encoder": 4, "info": 8, "index": 12,
    "Hugging Face": 9, "tokenizer": 5, "sentence-transformers": 8, "preset": 8,
    "texts": 10, "benchmark": 8, "vectors": 4, "checkpoint": 4, "answers": 2,
}  # fmt: skip
# Most on PyTorch; of every kind that becomes a model, some on the others.
OTHER_BACKENDS = ("tensorflow", "jax")
ONLY_MODELS = {"archive", "Hugging Face", "sentence-transformers", "preset"}
OTHERS = 10  # one in so many


def main() -> None:
    options = _options()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-") as name:
        root = pathlib.Path(name)
        with concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
            shares = [
                pool.submit(work, root / str(number), *share)
                for number, (work, *share) in enumerate(_shares(options))
            ]
            done = [share.result() for share in shares]
    outcomes = collections.defaultdict(list)
    kills = collections.defaultdict(list)
    for made, backend in done:
        for each in made:
            if backend in (KILLS, DISKS):
                kills[each.command, backend].append(each)
            else:
                outcomes[each.kind, backend].append(each)
    minutes = (time.monotonic() - start) / 60
    about = (
        f"{datetime.date.today()}, {platform.platform()}, Python "
        f"{platform.python_version()}, {minutes:.0f} minutes in "
        f"{options.processes} processes, seeds from {options.first}."
    )
    page = report.page(about, outcomes, kills)
    print(page)
    if options.results:
        pathlib.Path(options.results).write_text(page, "utf-8")
    is_wrong = any(not x.is_fine for each in outcomes.values() for x in each)
    is_wrong |= any(x.wrong for each in kills.values() for x in each)
    sys.exit(int(is_wrong))


def _shares(options):
    """Functions with their arguments, each for one process."""
    for number in range(options.processes):
        for by, count in ((KILLS, options.kills), (DISKS, options.disks)):
            count = 0 if options.kind else count
            seeds = range(options.first, options.first + count)
            if seeds[number :: options.processes]:
                yield _disturb, seeds[number :: options.processes], by
    parts = {"torch": [], "tensorflow": [], "jax": []}
    for kind, share in SHARES.items():
        if options.kind not in (None, kind):
            continue
        number = -(-options.files * (100 if options.kind else share) // 100)
        for seed in range(options.first, options.first + number):
            other = OTHER_BACKENDS[seed // OTHERS % 2]
            is_other = kind in ONLY_MODELS and seed % OTHERS == 0
            parts[other if is_other else "torch"].append((kind, seed))
    for number in range(options.processes):
        mine = parts["torch"][number :: options.processes]
        if mine:
            yield _try, mine, "torch"
    for backend in OTHER_BACKENDS:
        if parts[backend]:
            yield _try, parts[backend], backend


def _try(root: pathlib.Path, tasks: list, backend: str) -> tuple:
    root.mkdir()
    outcomes = []
    for outcome in workers.try_all(tasks, backend, root):
        outcomes.append(outcome)
        if not outcome.is_fine:
            print(outcome, flush=True)
    return outcomes, backend


def _disturb(root: pathlib.Path, seeds: range, by: str) -> tuple:
    root.mkdir()
    done = []
    for each in disturbing.disturb_all(by, seeds, root):
        done.append(each)
        if each.wrong:
            print(each, flush=True)
    return done, by


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--disks", type=int, default=50)
    parser.add_argument("--kind", choices=SHARES)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
