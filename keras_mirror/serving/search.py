import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response

from keras_mirror.serving.batches import Batches
from keras_mirror.serving.read_json import read_json
from keras_mirror.serving.request_error import RequestError
from keras_mirror.serving.request_fields import check_names
from keras_mirror.serving.request_fields import integer_of
from keras_mirror.serving.request_fields import string_of
from keras_mirror.serving.request_fields import texts_of
from keras_mirror.serving.unless_gone import unless_gone

# Fields that are strings, and arguments of `Index.query`.
_OPTIONS = ("prompt", "mode", "where")


class _Found(JSONResponse):
    """The JSON answer: queries and results, with dates in ISO 8601."""

    def render(self, content: Any) -> bytes:
        data = [
            {"query": query, "results": [each._asdict() for each in results]}
            for query, results in content
        ]
        written = json.dumps({"data": data}, ensure_ascii=False, default=str)
        return written.encode("utf-8")


class Search:
    """`POST /search`: finds the texts of an index that answer queries.

    It takes `query`, a string, or `queries`, a list of strings; `k`; and other
    arguments of `Index.query`. It answers `{"data": [{"query": "...",
    "results": [...]}]}` with the fields of a `SearchResult`.

    Args:
        index: A `keras_mirror.search.Index`, or `None`: then the answer is an
            error.
        batches: A `Batches`.
    """

    def __init__(self, index, batches: Batches) -> None:
        self.index = index
        self.batches = batches

    async def answer(self, request: Request) -> Response:
        if self.index is None:
            raise RequestError(
                "This server has no index. Start it with --index FILE", 404
            )
        content = await read_json(request, self.batches.limits)
        check_names(content, ("query", "queries", "k", *_OPTIONS))
        queries = self._queries(content)
        k = self._num_results(content, len(queries))
        options = [(name, string_of(content, name)) for name in _OPTIONS]
        given = tuple(option for option in options if option[1] is not None)
        try:
            found = await unless_gone(
                request, self.batches.run(self.query, queries, k, given)
            )
        except ValueError as error:
            raise RequestError(str(error)) from error
        return await asyncio.to_thread(
            _Found, list(zip(queries, found, strict=True))
        )

    def query(self, queries: list[str], k: int, options: tuple) -> list[list]:
        """`Index.query` with hashable arguments, for a `Batches`."""
        return self.index.query(queries, k, **dict(options))

    def _queries(self, content: dict[str, Any]) -> list[str]:
        names = [name for name in ("query", "queries") if name in content]
        if len(names) != 1:
            raise RequestError("Either `query` or `queries` must be given")
        [name] = names
        return texts_of(content[name], name, self.batches.limits)

    def _num_results(self, content: dict[str, Any], num_queries: int) -> int:
        k = integer_of(content, "k", 10)
        most = self.batches.limits.max_results
        if k * num_queries > most:
            raise RequestError(
                f"Queries times `k` must be {most:,} at most. "
                f"Received: {num_queries} x {str(k)[:20]}",
                param="k",
            )
        return k
