"""Wiring: the two ASGI apps in front of a gateway, the public one and the admin side, around FastAPI's two.

FastAPI's apps are made once and told of the gateway by `state.gateway`: FastAPI keeps what it was made of in caches,
and one app for each gateway would keep all that was ever behind them.
"""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.account import Account
from gateway.console import router as console_router
from gateway.errors import GatewayError, InternalError, UnknownName, WrongMethod
from gateway.gateway import Gateway
from gateway.metadata import VERSION
from gateway.openapi import describe
from gateway.problems import rendered
from gateway.routes import Accounted, Dispatch, catalogue, drift, feedback, health, plans
from oip import HEADER_LENGTH, REQUEST_ID, SERVER_TIMING

DESCRIPTION = """One request, answered by every model behind the gateway.

`POST /v1/predict` takes `{"instances": [record, …]}`; the same models speak the Open Inference Protocol under `/v2`."""


def documents_app(*, keeps: bool = False) -> FastAPI:
    """Make what answers all but inference on the public listener; where it `keeps` predictions, it takes feedback."""
    # Swagger UI's files come with the package: the page asks no other host.
    app: FastAPI = FastAPIOffline(redoc_url=None, title="Bentogate", version=VERSION, description=DESCRIPTION)
    app.router.redirect_slashes = False  # a redirect names a host, and protocol clients follow none
    app.openapi = lambda: describe(app, app.state.gateway)  # type: ignore[method-assign]
    app.include_router(health.router)
    app.include_router(catalogue.router)
    if keeps:
        app.include_router(feedback.router)
    answer_errors(app)
    return app


def public_app(gateway: Gateway, documents: ASGIApp) -> ASGIApp:
    """Make the app of the public listener."""
    settings = gateway.settings
    dispatch = Dispatch(gateway, beneath(settings.root_path, documents))
    if not settings.cors_origins:
        return Accounted(gateway.accounts, dispatch)
    shared = CORSMiddleware(
        dispatch,
        settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=[REQUEST_ID, SERVER_TIMING, HEADER_LENGTH, "retry-after"],
    )
    return Accounted(gateway.accounts, shared)


def health_app(*, console: bool) -> FastAPI:
    """Make what answers on the admin listener, which no Ingress shows."""
    app = FastAPI(title="Bentogate, the admin side", openapi_url=None)
    app.include_router(health.router)
    app.include_router(plans.router)
    if console:
        app.include_router(console_router)
        app.include_router(drift.router)
    answer_errors(app)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Give the metrics in Prometheus' text form."""
        return Response(generate_latest(app.state.gateway.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def beneath(prefix: str, app: ASGIApp) -> ASGIApp:
    """Put back the prefix that a proxy stripped: ASGI has it in `path`, and mounted apps find nothing without it."""
    if not prefix:
        return app

    async def prefixed(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": prefix, "path": prefix + scope["path"]}, receive, send)

    return prefixed


def path_of(request: Request) -> str:
    """Give the path of a request without the prefix."""
    root: str = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    return request.url.path.removeprefix(root)


def answer_errors(app: FastAPI) -> None:
    """Answer every failure outside the inference paths in the same words as inside."""

    def respond(request: Request, error: GatewayError) -> Response:
        account: Account = request.scope["account"]
        account.reason = error.reason
        status, body, media_type = rendered(error, path_of(request), account.id)
        headers = {name.decode(): value.decode() for name, value in error.headers}
        return Response(body, status, headers, media_type.decode())

    @app.exception_handler(GatewayError)
    async def known(request: Request, error: GatewayError) -> Response:
        return respond(request, error)

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            response = respond(request, WrongMethod(f"{path_of(request)} takes another method than {request.method}"))
            allowed = (error.headers or {}).get("Allow")
            response.headers["allow"] = "POST" if allowed == "POST" else "GET, HEAD"
            return response
        return respond(request, UnknownName(f"there is no path {path_of(request)[:200]}"))

    @app.exception_handler(Exception)
    async def unknown(request: Request, _: Any) -> Response:
        return respond(request, InternalError("the gateway failed; its log says why"))
