"""Files that are damaged or mean harm: a few of each kind, by fixed seeds.

`python -m campaign` tries thousands, see CONTRIBUTING.md.
"""

import pathlib
import tempfile

import pytest

from campaign.kinds import KINDS
from campaign.trials import Bench

NUMBER = 15
# What becomes a model takes longer.
FEWER = {"archive": 8, "own encoder": 3, "Hugging Face": 8, "tokenizer": 12}


@pytest.fixture(scope="module")
def bench():
    with tempfile.TemporaryDirectory() as name:
        # The machines that run tests may be far slower, and shared.
        yield Bench(pathlib.Path(name), temporary=False, max_refusal=4)


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_read_or_refused(bench, kind):
    """In seconds, with an error that names the file; nothing else is touched.

    What an error must be, and what counts as harm, says `Bench`.
    """
    outcomes = [
        bench.try_one(kind, seed) for seed in range(FEWER.get(kind, NUMBER))
    ]
    assert [each for each in outcomes if not each.is_fine] == []
    assert {"loaded", "refused"} >= {each.what for each in outcomes}
    assert any(each.what == "refused" for each in outcomes)
