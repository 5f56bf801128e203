"""Commands that are killed or find no space: one of each, by fixed seeds."""

import importlib.util
import os

import pytest

from campaign.commands import COMMANDS
from campaign.disturbing import DISKS
from campaign.disturbing import KILLS
from campaign.disturbing import disturb_all

pytestmark = [
    pytest.mark.processes,
    pytest.mark.pure,  # a process of PyTorch on each backend
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks"),
    pytest.mark.skipif(
        not importlib.util.find_spec("torch"), reason="needs PyTorch"
    ),
]


@pytest.mark.parametrize("by", [KILLS, DISKS])
def test_nothing_is_damaged_or_lost(by, tmp_path):
    done = list(disturb_all(by, range(len(COMMANDS)), tmp_path))
    assert [each for each in done if each.wrong] == []
    assert {each.command for each in done} == set(COMMANDS)
