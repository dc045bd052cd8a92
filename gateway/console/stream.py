"""`GET /console/stream`: server-sent events (HTML, section 9.2)."""

from starlette.types import ASGIApp

from gateway.console.live import Live
from gateway.errors import TooManyConnections
from gateway.problems import rendered
from oip import headers_of, request_id, send_body
from oip.asgi import Receive, Scope, Send

PATH = "/console/stream"

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


class Stream:
    """Send events for as long as a reader stays; all else goes to the next app.

    It stands before the accounts: a stream of an hour is no request that took an hour.
    """

    def __init__(self, live: Live, rest: ASGIApp) -> None:
        self.live = live
        self.rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "GET":
            await self.rest(scope, receive, send)
            return
        try:
            with self.live.reading():
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                # The first bytes at once: a browser says that a stream is open when it has its head.
                await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
                while (event := await self.live.next()) is not None:
                    await send({"type": "http.response.body", "body": b"data: %b\n\n" % event, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TooManyConnections as error:
            status, body, content_type = rendered(error, PATH, request_id(headers_of(scope)))
            await send_body(send, status, body, content_type, error.headers)
