"""The outermost layer of the protocol: a stopwatch for every request, and the two headers of every answer."""

from collections.abc import Awaitable, Callable

from oip import REQUEST_ID, SERVER_TIMING, Stopwatch, headers_of, lenient, request_id, with_headers
from oip.asgi import Receive, Scope, Send


class Timed:
    """Start the stopwatch of a request, as `scope["stopwatch"]`, and tell its times with the answer."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stopwatch = Stopwatch()
        its_id = request_id(headers_of(scope)).encode()

        def headers(_: int) -> list[tuple[bytes, bytes]]:
            return [(REQUEST_ID.encode(), its_id), (SERVER_TIMING.encode(), stopwatch.header())]

        await self.app({**lenient(scope), "stopwatch": stopwatch}, receive, with_headers(send, headers))
