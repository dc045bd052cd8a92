"""The first thing a request meets: the two inference paths go straight to their endpoints, all else to FastAPI.

In a FastAPI app even a bare route costs a fifth more than in Starlette, and Starlette a third more than plain ASGI.
"""

import re

from starlette.types import ASGIApp

from gateway.gateway import Gateway
from gateway.routes.v1 import PredictEndpoint
from gateway.routes.v2 import InferEndpoint
from oip.asgi import Receive, Scope, Send

V1 = re.compile(r"/v1/models/([^/]+):predict")
V2 = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")


class Dispatch:
    """Route by path; `rest` is the FastAPI app."""

    def __init__(self, gateway: Gateway, rest: ASGIApp) -> None:
        self.rest = rest
        self.v1, self.v2 = PredictEndpoint(gateway), InferEndpoint(gateway)
        self.default = gateway.settings.default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] != "http":
            await self.rest(scope, receive, send)
            return
        path: str = scope["path"]
        if path == "/v1/predict":
            await self.v1(scope, receive, send, self.default)
        elif match := V2.fullmatch(path):
            await self.v2(scope, receive, send, match[1], match[2])
        elif match := V1.fullmatch(path):
            await self.v1(scope, receive, send, match[1])
        else:
            await self.rest(scope, receive, send)
