"""The Open Inference Protocol V2 and the artifact's files, beside BentoML's own API."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Match, Route

from bentos.artifact import FILES, Model
from contract import Contract, InvalidRecords, NonFiniteOutput, table_from_tensors, tensor_metadata
from contract.decode import TooManyRows
from oip import (
    HEADER_LENGTH,
    BodyTooLarge,
    Disconnected,
    InferResponse,
    ProtocolError,
    Tensor,
    read_body,
    read_request,
    send_body,
    write_response,
)
from oip.asgi import Headers, Receive, Scope, Send, error_body

MOST_BYTES = 64 * 2**20
MOST_ROWS = 1_000_000
"""What callers may send is the gateway's to say; these only keep one request from taking all memory."""

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

Handler = Callable[[Request], Awaitable[Response]]


class Protocol:
    """Answer for one model; `model` is there once the worker has loaded it."""

    def __init__(self, contract: Contract, folder: Path) -> None:
        self.contract = contract
        self.folder = folder
        self.model: Model | None = None
        self.routes: tuple[Route, ...] = ()

    def app(self) -> Starlette:
        """Give the ASGI app with all paths; BentoML keeps those that it does not know."""
        prefix = "/v2/models/{name}"
        gets: list[tuple[str, Handler]] = [
            ("/v2", self.server),
            ("/v2/", self.server),
            ("/v2/health/live", self.live),
            ("/v2/health/ready", self.ready),
        ]
        routes = []
        for path in (prefix, f"{prefix}/versions/{{version}}"):
            routes.append(Route(f"{path}/infer", Infer(self)))
            gets += [(path, self.metadata), (f"{path}/ready", self.model_ready)]
        gets.append(("/artifact/{file}", self.artifact))
        routes += [Route(path, handler, methods=["GET"]) for path, handler in gets]
        self.routes = tuple(routes)
        return Starlette(routes=[*routes, Route("/v2/{rest:path}", self.unknown, methods=METHODS)])

    def unknown_model(self, params: dict[str, str]) -> str | None:
        """Say why the path names no model of this service, or None if it does."""
        name, version = params["name"], params.get("version", self.contract.version)
        if name != self.contract.name:
            return f"there is no model {name!r} here, only {self.contract.name}"
        return None if version == self.contract.version else f"{name} has the version {self.contract.version} only"

    async def server(self, _: Request) -> Response:
        """Say what this server is."""
        versions = self.contract.provenance.libraries
        return JSONResponse(
            {"name": "bentogate-model", "version": versions["onnxruntime"], "extensions": ["binary_tensor_data"]}
        )

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"live": True})

    async def ready(self, _: Request) -> Response:
        """Say whether the model is loaded; its golden rows were asked before."""
        if self.model is None:
            return JSONResponse({"ready": False, "error": "the model is loading"}, 503)
        return JSONResponse({"ready": True})

    async def model_ready(self, request: Request) -> Response:
        """Say whether the named model is loaded."""
        if error := self.unknown_model(request.path_params):
            return JSONResponse({"error": error}, 404)
        return JSONResponse({"name": self.contract.name, "ready": self.model is not None}, 200 if self.model else 503)

    async def metadata(self, request: Request) -> Response:
        """Describe inputs and outputs, with all that the contract knows of them."""
        if error := self.unknown_model(request.path_params):
            return JSONResponse({"error": error}, 404)
        return JSONResponse(
            {
                "name": self.contract.name,
                "versions": [self.contract.version],
                "platform": f"bentogate_{self.contract.runtime}",
                "inputs": [tensor_metadata(feature) for feature in self.contract.features],
                "outputs": [tensor_metadata(output) for output in self.contract.outputs],
            }
        )

    async def artifact(self, request: Request) -> Response:
        """Give one of the stored files."""
        file = FILES.get(request.path_params["file"])
        if file is None:
            return JSONResponse({"error": f"the artifact has {', '.join(FILES)}"}, 404)
        return FileResponse(self.folder / file[0], media_type=file[1])

    async def unknown(self, request: Request) -> Response:
        """Answer what is no path of the protocol, or takes another method, in the protocol's words."""
        if any(route.matches(request.scope)[0] == Match.PARTIAL for route in self.routes):
            return JSONResponse({"error": f"{request.url.path} takes another method"}, 405)
        return JSONResponse({"error": f"there is no {request.method} {request.url.path}"}, 404)


class Infer:
    """Answer an inference request as a plain ASGI endpoint."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, predict, answer; every failure is a status and `{"error": text}`."""
        status, headers = 200, []
        content_type = b"application/json"
        if scope["method"] != "POST":
            await send_body(send, 405, error_body("inference is a POST"), content_type, [(b"allow", b"POST")])
            return
        try:
            request_headers, body = await read_body(scope, receive, MOST_BYTES)
            answer, length = self.answer(scope["path_params"], request_headers, body)
            if length is not None:
                content_type = b"application/octet-stream"
                headers.append((HEADER_LENGTH.encode(), str(length).encode()))
        except Disconnected:
            return
        except Refused as exc:
            status, answer = exc.status, error_body(str(exc))
        except (BodyTooLarge, TooManyRows) as exc:
            status, answer = 413, error_body(str(exc))
        except (ProtocolError, InvalidRecords) as exc:
            status, answer = 400, error_body(str(exc))
        except NonFiniteOutput as exc:
            status, answer = 500, error_body(str(exc))
        await send_body(send, status, answer, content_type, headers)

    def answer(self, params: dict[str, str], headers: Headers, body: bytes) -> tuple[bytes, int | None]:
        """Give the body of the answer, and the length of its JSON where it is binary."""
        model, contract = self.protocol.model, self.protocol.contract
        if error := self.protocol.unknown_model(params):
            raise Refused(404, error)
        if model is None:
            raise Refused(503, "the model is loading")
        encoding = headers.get(b"content-encoding", b"identity")
        if encoding != b"identity":
            raise Refused(415, f"the content encoding {encoding.decode('latin-1')[:40]!r} is unknown")
        length = headers.get(HEADER_LENGTH.encode())
        request = read_request(body, None if length is None else length.decode("latin-1"))
        chosen = request.chosen([output.name for output in contract.outputs])
        table = table_from_tensors(contract.features, request.tensors, MOST_ROWS)
        columns = model.predict(table)
        datatypes = {output.name: output.datatype for output in contract.outputs}
        tensors = [Tensor(output.name, datatypes[output.name], columns[output.name]) for output in chosen]
        response = InferResponse(contract.name, contract.version, tensors, request.id)
        return write_response(response, [output.binary for output in chosen])


class Refused(Exception):
    """Carry a status and its text to the one place that answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
