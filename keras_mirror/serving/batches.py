import asyncio
import collections
import concurrent.futures
import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

from keras_mirror.serving.limits import Limits
from keras_mirror.serving.request_error import RequestError


@dataclasses.dataclass(eq=False)
class _Job:
    work: tuple  # a function, and its arguments after the texts
    texts: list[str]
    answer: asyncio.Future
    results: list = dataclasses.field(default_factory=list)

    @property
    def rest(self) -> list[str]:
        return self.texts[len(self.results) :]


class Batches:
    """Runs the texts of concurrent requests through the model together.

    One thread runs one batch at a time, since several threads would not make a
    model faster. Requests take turns: a request with many texts goes back to
    the end of the queue after every batch, so short requests do not wait for
    long ones. A request whose client has disconnected is dropped.

    Args:
        limits: A `Limits`.

    Attributes:
        on_batch: Function of the number of texts of each batch, or `None`.

    Example:

    >>> batches = Batches(Limits())
    >>> asyncio.run(batches.run(lambda texts: list(map(len, texts)), ["a", ""]))
    [1, 0]
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.on_batch: Callable[[int], object] | None = None
        self._jobs: collections.deque[_Job] = collections.deque()
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "encoding")
        self._working: asyncio.Task | None = None
        self._seconds_per_text = 0.0

    def __len__(self) -> int:
        """The number of texts that wait or are being encoded."""
        waited_for = (job for job in self._jobs if not job.answer.done())
        return sum(len(job.rest) for job in waited_for)

    async def run(
        self, function: Callable[..., list], texts: list[str], *arguments: Any
    ) -> list:
        """Calls a function with these texts, together with other requests'.

        Args:
            function: Function of a list of strings and of `arguments`, which
                returns a list with a result for each string. It runs in the
                worker thread, once for all requests with the same function and
                arguments.
            texts: List of strings.
            *arguments: Passed to `function`; hashable.

        Returns:
            A list with a result for each string.

        Raises:
            RequestError: The queue is full, or the answer takes too long.
        """
        if len(self) + len(texts) > self.limits.max_queued_texts:
            raise self._busy("Too many texts are waiting. Try again later", 429)
        answer = asyncio.get_running_loop().create_future()
        self._jobs.append(_Job((function, *arguments), texts, answer))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        try:
            async with asyncio.timeout(self.limits.answer_seconds):
                return await answer
        except TimeoutError as error:
            message = "The request took too long. Send fewer texts at once"
            raise self._busy(message, 503) from error

    def _busy(self, message: str, status: int) -> RequestError:
        seconds = math.ceil(len(self) * self._seconds_per_text)
        wait = {"Retry-After": str(min(max(seconds, 1), 60))}
        return RequestError(message, status, code="overloaded", headers=wait)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            start = time.monotonic()
            found = await loop.run_in_executor(self._thread, _run, batch)
            num_texts = sum(len(texts) for _, texts in batch)
            self._seconds_per_text = (time.monotonic() - start) / num_texts
            if self.on_batch is not None:
                self.on_batch(num_texts)
            for (job, _), results in zip(batch, found, strict=True):
                self._settle(job, results)

    def _next_batch(self) -> list[tuple[_Job, list[str]]]:
        """Jobs of one kind from the head of the queue, and texts of each."""
        waiting = (job for job in self._jobs if not job.answer.done())
        self._jobs = collections.deque(waiting)
        batch, space = [], self.limits.batch_texts
        for job in self._jobs:
            texts = job.rest[:space]
            if texts and job.work == self._jobs[0].work:
                batch.append((job, texts))
                space -= len(texts)
        return batch

    def _settle(self, job: _Job, results: list | Exception) -> None:
        self._jobs.remove(job)
        if job.answer.done():  # nobody waits for it any more
            return
        if isinstance(results, Exception):
            job.answer.set_exception(results)
            return
        job.results += results
        if job.rest:
            self._jobs.append(job)
        else:
            job.answer.set_result(job.results)


def _run(batch: list[tuple[_Job, list[str]]]) -> list[list | Exception]:
    """The results per job. If a batch fails, jobs run one by one."""
    function, *arguments = batch[0][0].work
    try:
        texts = [text for _, texts in batch for text in texts]
        results = iter(function(texts, *arguments))
        return [[next(results) for _ in texts] for _, texts in batch]
    except Exception as error:
        if len(batch) == 1:
            return [error]
        return [_run([part])[0] for part in batch]
