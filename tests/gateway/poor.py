"""A server of the protocol whose metadata is poor, and the settings that declare its model's contract."""

import re
from typing import Any

import httpx
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.conftest import ROOT

RECORD = {"months": 12, "spend": None, "plan": "basic"}
LOW, HIGH = [0.9, 0.1], [0.2, 0.8]


def documented() -> dict[str, Any]:
    """Give the example of docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text()
    (example,) = re.findall(r"^```yaml\n(backends:.*?)^```", text, re.MULTILINE | re.DOTALL)
    settings: dict[str, Any] = yaml.safe_load(example)
    return settings


class Poor:
    """A server of the protocol with empty metadata, which keeps what it was sent and answers as it is told."""

    def __init__(self) -> None:
        self.extensions: list[str] = []
        self.metadata: dict[str, Any] = {"name": "churn-classifier", "platform": "", "inputs": [], "outputs": []}
        self.answer = Response()
        self.sent = (b"", httpx.Headers())
        self.paths: set[str] = set()

    def gives(self, *scores: list[float], name: str = "predict_proba", **more: Any) -> None:
        """Answer with scores, one list per row."""
        shape = [len(scores), len(scores[0])]
        output = {"name": name, "shape": shape, "datatype": "FP64", "data": [score for row in scores for score in row]}
        self.answer = JSONResponse({"model_name": "churn-classifier", "outputs": [output], **more})

    def app(self) -> Starlette:
        """Give the app."""

        async def documents(request: Request) -> Response:
            self.paths.add(request.url.path)
            return {
                "/v2": JSONResponse({"name": "poor", "version": "0", "extensions": self.extensions}),
                "/v2/models/churn-classifier": JSONResponse(self.metadata),
                "/v2/models/churn-classifier/ready": JSONResponse({}),
            }.get(request.url.path, JSONResponse({"error": "no"}, 404))

        async def infer(request: Request) -> Response:
            self.sent = await request.body(), httpx.Headers(request.headers.raw)
            return self.answer

        return Starlette(
            routes=[
                Route("/v2/models/churn-classifier/infer", infer, methods=["POST"]),
                Route("/{path:path}", documents),
            ]
        )


def ask(client: httpx.Client, *records: dict[str, Any]) -> httpx.Response:
    """Ask `/v1`."""
    return client.post("/v1/predict", json={"instances": list(records or [RECORD])})
