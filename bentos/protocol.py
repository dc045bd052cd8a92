"""The Open Inference Protocol V2 and the artifact's files, beside BentoML's own API."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bentos.artifact import FILES
from bentos.infer import Infer
from bentos.served import Served
from bentos.timed import Timed
from contract import model_metadata
from oip import MODEL_VERSION
from oip.asgi import Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]


PREFIXES = ("/v2", "/artifact")
"""What every path of the protocol is, or is beneath."""


class Protocol:
    """Answer for the one model of a service."""

    def __init__(self, served: Served) -> None:
        self.served = served

    def app(self) -> ASGIApp:
        """Give the ASGI app with all paths, made for those beneath PREFIXES."""
        prefix = "/v2/models/{name}"
        gets: list[tuple[str, Handler]] = [
            ("/v2", self.server),
            ("/v2/health/live", self.live),
            ("/v2/health/ready", self.ready),
        ]
        routes = []
        for path in (prefix, f"{prefix}/versions/{{version}}"):
            routes.append(Route(f"{path}/infer", self.infer_elsewhere, methods=["POST"]))
            gets += [(path, self.metadata), (f"{path}/ready", self.model_ready)]
        gets.append(("/artifact/{file}", self.artifact))
        routes += [Route(path, handler, methods=["GET"]) for path, handler in gets]
        app = Starlette(routes=routes, exception_handlers={HTTPException: self.refuse})
        app.router.redirect_slashes = False
        return self.infer_first(Timed(app))

    def infer_first(self, others: ASGIApp) -> ASGIApp:
        """Answer inference by its exact path before a router looks at it, and hand all else on."""
        infer, contract = Infer(self.served), self.served.contract
        model = f"/v2/models/{contract.name}"
        paths = {f"{path}/infer{end}" for path in (model, f"{model}/versions/{contract.version}") for end in ("", "/")}

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] in paths and scope["method"] == "POST":
                await infer(scope, receive, send)
            else:
                await others(scope, receive, send)

        return app

    async def infer_elsewhere(self, request: Request) -> Response:
        """Refuse inference by a model or a version that is not the one here."""
        return JSONResponse({"error": self.served.unknown(request.path_params)}, 404)

    async def server(self, _: Request) -> Response:
        """Say what this server is."""
        versions = self.served.contract.provenance.libraries
        return JSONResponse(
            {"name": "bentogate-model", "version": versions["onnxruntime"], "extensions": ["binary_tensor_data"]}
        )

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"live": True})

    async def ready(self, _: Request) -> Response:
        """Say whether the model is loaded; its golden rows were asked before."""
        if self.served.model is None:
            return JSONResponse({"ready": False, "error": "the model is loading"}, 503)
        return JSONResponse({"ready": True})

    async def model_ready(self, request: Request) -> Response:
        """Say whether the named model is loaded."""
        if error := self.served.unknown(request.path_params):
            return JSONResponse({"error": error}, 404)
        return JSONResponse(
            {"name": self.served.contract.name, "ready": self.served.model is not None},
            200 if self.served.model else 503,
        )

    async def metadata(self, request: Request) -> Response:
        """Describe inputs and outputs, with all that the contract knows of them."""
        if error := self.served.unknown(request.path_params):
            return JSONResponse({"error": error}, 404)
        return JSONResponse(model_metadata(self.served.contract))

    async def artifact(self, request: Request) -> Response:
        """Give one of the stored files."""
        file = FILES.get(request.path_params["file"])
        if file is None:
            return JSONResponse({"error": f"the artifact has {', '.join(FILES)}"}, 404)
        version = {MODEL_VERSION: self.served.contract.version}
        return FileResponse(self.served.folder / file[0], media_type=file[1], headers=version)

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Answer what is no path of the protocol, or takes another method, in the protocol's words."""
        path = request.url.path[:200]
        allowed = getattr(error, "headers", None) or {}
        if "Allow" in allowed:
            methods = ", ".join(sorted(allowed["Allow"].split(", ")))
            return JSONResponse({"error": f"{path} takes {methods} only"}, 405, {"allow": methods})
        return JSONResponse({"error": f"there is no path {path}"}, 404)
