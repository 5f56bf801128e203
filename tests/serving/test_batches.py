"""Texts of several requests in one batch."""

import asyncio
import time

import pytest

from keras_mirror.serving.batches import Batches
from keras_mirror.serving.limits import Limits
from keras_mirror.serving.request_error import RequestError


class Work:
    """Notes the batches that it gets."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.batches = []

    def __call__(self, texts, *arguments):
        self.batches.append((list(texts), *arguments))
        time.sleep(self.seconds)
        if "bad" in texts:
            raise ValueError("bad")
        return [text.upper() for text in texts]


def run_all(batches, *calls):
    async def run():
        return await asyncio.gather(
            *(batches.run(*call) for call in calls), return_exceptions=True
        )

    return asyncio.run(run())


def test_requests_share_a_batch_if_they_ask_for_the_same():
    work, other = Work(), Work()
    calls = [
        (work, ["a"]),
        (work, ["b", "c"]),
        (work, ["d"], "prompt"),
        (other, ["e"]),
        (work, ["f"]),
    ]
    found = run_all(Batches(Limits()), *calls)
    assert found == [["A"], ["B", "C"], ["D"], ["E"], ["F"]]
    assert work.batches == [(["a", "b", "c", "f"],), (["d"], "prompt")]
    assert other.batches == [(["e"],)]


def test_a_long_request_does_not_hold_up_a_short_one():
    work = Work()
    long = [str(number) for number in range(10)]
    batches = Batches(Limits(batch_texts=4))
    found = run_all(batches, (work, long), (work, ["a"]), (work, ["b"]))
    assert found == [long, ["A"], ["B"]]
    assert [len(texts) for (texts,) in work.batches] == [4, 4, 4]
    assert work.batches[1] == (["a", "b", "4", "5"],)


def test_one_that_fails_does_not_fail_others():
    work = Work()
    calls = [(work, ["a"]), (work, ["bad"]), (work, ["b"])]
    first, second, third = run_all(Batches(Limits()), *calls)
    assert (first, third) == (["A"], ["B"])
    assert isinstance(second, ValueError)


def test_a_full_queue_says_when_to_come_again():
    batches = Batches(Limits(max_texts=3, max_queued_texts=4))
    work = Work(seconds=0.2)
    first, second = run_all(batches, (work, list("abc")), (work, list("de")))
    assert first == ["A", "B", "C"]
    assert isinstance(second, RequestError)
    assert second.status == 429
    assert second.headers == {"Retry-After": "1"}
    # By now it knows how long a text takes.
    batches._seconds_per_text = 7.3
    _, second = run_all(batches, (work, list("abc")), (work, list("de")))
    assert second.headers == {"Retry-After": "22"}


def test_one_that_takes_too_long_leaves_the_queue():
    batches = Batches(Limits(answer_seconds=1, batch_texts=1))
    work = Work(seconds=0.4)
    long, short = run_all(batches, (work, list("abcdef")), (work, ["g"]))
    assert short == ["G"]
    assert (long.status, long.headers) == (503, {"Retry-After": "1"})
    assert len(batches) == 0
    assert run_all(batches, (work, ["h"])) == [["H"]]
    assert len(work.batches) < 6


def test_a_request_that_is_cancelled_is_dropped():
    batches = Batches(Limits(batch_texts=1))
    work = Work(seconds=0.1)

    async def run():
        first = asyncio.create_task(batches.run(work, ["a"]))
        second = asyncio.create_task(batches.run(work, ["b"]))
        await asyncio.sleep(0.05)
        second.cancel()
        assert await first == ["A"]
        return await batches.run(work, ["c"])

    assert asyncio.run(run()) == ["C"]
    assert work.batches == [(["a"],), (["c"],)]


@pytest.mark.parametrize(
    "limits, message",
    [
        ({"max_texts": 0}, "`max_texts` must be a positive integer"),
        ({"max_queued_texts": 9}, "`max_texts` must not be above"),
    ],
)
def test_limits_that_make_no_sense(limits, message):
    with pytest.raises(ValueError, match=message):
        Limits(**limits)
