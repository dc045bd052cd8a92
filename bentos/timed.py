"""The outermost layer of the protocol, but for inference: the two headers of every answer."""

from collections.abc import Awaitable, Callable

from oip import REQUEST_ID, SERVER_TIMING, Stopwatch, headers_of, lenient, request_id, with_headers
from oip.asgi import Receive, Scope, Send


class Timed:
    """Take the time of a request, and tell it with the answer."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        stopwatch = Stopwatch()
        its_id = request_id(headers_of(scope)).encode()

        def headers(_: int) -> list[tuple[bytes, bytes]]:
            return [(REQUEST_ID.encode(), its_id), (SERVER_TIMING.encode(), stopwatch.header())]

        await self.app(lenient(scope), receive, with_headers(send, headers))
