import time

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response
from starlette.routing import Route

from keras_mirror.serving import request_error
from keras_mirror.serving.batches import Batches
from keras_mirror.serving.embeddings import Embeddings
from keras_mirror.serving.guard import Guard
from keras_mirror.serving.limits import Limits
from keras_mirror.serving.metrics import Measured
from keras_mirror.serving.metrics import Metrics
from keras_mirror.serving.search import Search


def create_app(
    model,
    index=None,
    name: str = "keras-mirror",
    token: str | None = None,
    local: bool = True,
    limits: Limits | None = None,
) -> Starlette:
    """Makes an ASGI application for a model, for uvicorn or another server.

    `POST /v1/embeddings` and `GET /v1/models` follow OpenAI. `POST /search`
    searches in `index`; `GET /health` and `GET /metrics` are for operators.
    Errors have the same body as OpenAI's.

    Args:
        model: A `MirrorModel`. It must not train while it is served.
        index: A `keras_mirror.search.Index`. Defaults to `None`.
        name: String, the name of the model in answers. Defaults to
            `"keras-mirror"`.
        token: String, the token that requests must have. Defaults to `None`: no
            token.
        local: Boolean, whether to accept only requests to this machine that do
            not come from web pages. Defaults to `True`.
        limits: A `Limits`. Defaults to `None`: its defaults.

    Returns:
        A `starlette.applications.Starlette`.

    Example:

    >>> app = create_app(model)
    >>> [route.path for route in app.routes][:2]
    ['/v1/embeddings', '/v1/models']
    """
    batches = Batches(Limits() if limits is None else limits)
    metrics = Metrics(batches)
    embeddings = Embeddings(model, name, batches, metrics)
    routes = [
        Route("/v1/embeddings", embeddings.answer, methods=["POST"]),
        Route("/v1/models", _models(name)),
        Route("/search", Search(index, batches).answer, methods=["POST"]),
        Route("/health", _health),
        Route("/metrics", _metrics(metrics)),
    ]
    paths = frozenset(route.path for route in routes)
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Measured, metrics=metrics, paths=paths),
            Middleware(Guard, token=token, local=local),
        ],
        exception_handlers={
            request_error.RequestError: request_error.answer_refused,
            HTTPException: request_error.answer_unknown,
            Exception: request_error.answer_failed,
        },
    )
    app.router.redirect_slashes = False
    return app


def _models(name: str):
    content = {
        "id": name,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "keras-mirror",
    }

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [content]})

    return models


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _metrics(metrics: Metrics):
    async def show(request: Request) -> Response:
        written = generate_latest(metrics.registry)
        return Response(written, media_type=CONTENT_TYPE_LATEST)

    return show
