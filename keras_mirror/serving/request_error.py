"""Errors of requests, in OpenAI's format."""

from collections.abc import Mapping
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response

# All other statuses are the client's mistakes.
_TYPES = {429: "rate_limit_error", 500: "server_error", 503: "server_error"}


class RequestError(Exception):
    """A request that is refused.

    Args:
        message: String, for whoever sent it.
        status: Integer, the HTTP status. Defaults to `400`.
        param: String, the field that is wrong. Defaults to `None`.
        code: String, the error for programs. Defaults to `None`.
        headers: Mapping of headers. Defaults to `None`.

    Example:

    >>> RequestError("`k` is missing", param="k").response().status_code
    400
    """

    def __init__(
        self,
        message: str,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code
        self.headers = headers

    def response(self) -> JSONResponse:
        """The response, with the body that OpenAI's clients read."""
        error = {
            "message": str(self),
            "type": _TYPES.get(self.status, "invalid_request_error"),
            "param": self.param,
            "code": self.code,
        }
        return JSONResponse({"error": error}, self.status, self.headers)


async def answer_refused(request: Request, error: Exception) -> Response:
    """Starlette's handler of refused requests."""
    return cast(RequestError, error).response()


async def answer_unknown(request: Request, error: Exception) -> Response:
    """Starlette's handler of unknown paths and methods."""
    known = cast(HTTPException, error)
    return RequestError(
        f"{known.detail}: {request.method[:80]} {request.url.path[:80]}",
        known.status_code,
        headers=known.headers,
    ).response()


async def answer_failed(request: Request, error: Exception) -> Response:
    """Starlette's handler of server errors, which it then logs."""
    return RequestError("The server failed. Its log says why", 500).response()
