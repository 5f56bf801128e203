"""Killed writers of an index: a few of those of `campaign.index_kills`."""

import pytest

from campaign.index_kills import kill_often
from keras_mirror.store import compaction


@pytest.mark.processes
@pytest.mark.parametrize("exact", [True, False])
def test_the_index_is_the_one_before_or_after(exact, monkeypatch):
    monkeypatch.setattr(compaction, "FEW_REMOVED", 100)
    assert kill_often(12, exact=exact) > 12
