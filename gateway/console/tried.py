"""`POST /console/try/{route}`: a record through the same pipeline as `/v1/models/{route}:predict`."""

import re

from starlette.types import ASGIApp

from gateway.gateway import Gateway
from gateway.routes.v1 import PredictEndpoint
from oip.asgi import Receive, Scope, Send

PATH = re.compile(r"/console/try/([^/]+)")


class Tried:
    """Answer what is tried in the console; all else goes to the next app."""

    def __init__(self, gateway: Gateway, rest: ASGIApp) -> None:
        self.predict = PredictEndpoint(gateway)
        self.rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        match = PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self.rest(scope, receive, send)
        else:
            await self.predict(scope, receive, send, match[1])
