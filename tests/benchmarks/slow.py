"""Real servers for the generators of load: one that stalls once, fails, or hangs up."""

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import served

Answer = Callable[[int], Response]


@contextlib.contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve answers that know how many requests there were; an answer that takes long stalls the whole server."""
    numbers = iter(range(1_000_000))

    async def endpoint(request: Request) -> Response:
        await request.body()
        return answer(next(numbers))

    with served(Starlette(routes=[Route("/", endpoint, methods=["POST"])])) as port:
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def raw(reply: bytes) -> Iterator[str]:
    """Serve connections that end after one reply, whatever was asked."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(reply)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def stalls_once(at: int, seconds: float) -> Answer:
    """Answer at once, but for one request."""

    def answer(number: int) -> Response:
        if number == at:
            time.sleep(seconds)
        return Response("{}")

    return answer
