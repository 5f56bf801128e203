"""Malformed requests in short; `campaign.served_requests` is the long form."""

import logging

import pytest

from campaign.served_requests import try_all

pytestmark = pytest.mark.pure


def test_malformed_requests_are_refused_and_harm_nothing(model, caplog):
    caplog.set_level(logging.ERROR, "uvicorn.error")
    counts, wrong = try_all(range(300), model=model)
    assert wrong == []
    # The generator makes what is worth refusing.
    assert sum(counts.values()) == 300
    for what in ("200", "400", "400 by uvicorn", "404", "405", "415"):
        assert counts[what] > 0
