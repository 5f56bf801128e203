"""Access control: the token, and protection against foreign web pages."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp
from starlette.types import Receive
from starlette.types import Scope
from starlette.types import Send

from keras_mirror.serving.request_error import RequestError


class Guard:
    """Middleware that refuses requests before they are read.

    Args:
        app: The application behind it. token: String, the token that requests
            must have, or `None`. `/health` needs none. local: Boolean, whether
            to accept requests from this machine only. A web page in a browser
            could send some: these have an `Origin` or, after DNS rebinding, a
            foreign `Host`.
    """

    def __init__(self, app: ASGIApp, token: str | None, local: bool) -> None:
        self.app = app
        self.token = token
        self.local = local

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            if scope["type"] == "http":
                self._check(Headers(scope=scope), scope["path"])
        except RequestError as error:
            await error.response()(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _check(self, headers: Headers, path: str) -> None:
        host = headers.get("host", "")
        if self.local and not is_loopback(_name_of(host)):
            raise RequestError(
                "The host must be this machine, such as 127.0.0.1. "
                f"Received: {host[:80]!r}. To serve others start it with "
                "--host and a token",
                403,
            )
        if self.local and "origin" in headers:
            raise RequestError("Web pages must not use this server", 403)
        if self.token is not None and path != "/health":
            self._check_token(headers.get("authorization", ""))

    def _check_token(self, received: str) -> None:
        scheme, _, token = received.partition(" ")
        expected = (self.token or "").encode("utf-8")
        is_right = hmac.compare_digest(token.strip().encode("utf-8"), expected)
        if scheme.lower() != "bearer" or not is_right:
            raise RequestError(
                "The header `Authorization: Bearer TOKEN` must have the token "
                "that the server was started with",
                401,
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )


def is_loopback(host: str | None) -> bool:
    """Whether a host can be reached from this machine only.

    Example:

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str | None:
    """The name in a `Host` header, without its port."""
    try:
        parts = urlsplit(f"//{host}")
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host else None
