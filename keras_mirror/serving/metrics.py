import time

from prometheus_client import CollectorRegistry
from prometheus_client import Counter
from prometheus_client import Gauge
from prometheus_client import Histogram
from starlette.types import ASGIApp
from starlette.types import Message
from starlette.types import Receive
from starlette.types import Scope
from starlette.types import Send

from keras_mirror.serving.batches import Batches

_BATCH_SIZES = [2**power for power in range(11)]


class Metrics:
    """The metrics of a server, for Prometheus.

    Args:
        batches: A `Batches`.

    Example:

    >>> from prometheus_client import generate_latest
    >>> from keras_mirror.serving.limits import Limits
    >>> metrics = Metrics(Batches(Limits()))
    >>> metrics.tokens.inc(5)
    >>> b"keras_mirror_tokens_total 5.0" in generate_latest(metrics.registry)
    True
    """

    def __init__(self, batches: Batches) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.requests = Counter(
            "keras_mirror_requests",
            "Requests answered.",
            ["path", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "keras_mirror_request_seconds",
            "Time from a request to the end of its answer.",
            ["path"],
            registry=registry,
        )
        self.tokens = Counter(
            "keras_mirror_tokens", "Tokens encoded.", registry=registry
        )
        self.cut = Counter(
            "keras_mirror_texts_cut",
            "Texts of which only the first tokens were encoded.",
            registry=registry,
        )
        batch_texts = Histogram(
            "keras_mirror_batch_texts",
            "Texts encoded together.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        batches.on_batch = batch_texts.observe
        queued = Gauge(
            "keras_mirror_queued_texts",
            "Texts that wait or are being encoded.",
            registry=registry,
        )
        queued.set_function(lambda: len(batches))


class Measured:
    """Middleware that counts and times requests.

    Args:
        app: The application behind it. metrics: A `Metrics`. paths: The known
            paths. All others count as one, so that clients cannot create any
            number of series.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.paths = paths

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.monotonic(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            path = scope["path"] if scope["path"] in self.paths else "other"
            seconds = time.monotonic() - start
            self.metrics.requests.labels(path, status).inc()
            self.metrics.seconds.labels(path).observe(seconds)
