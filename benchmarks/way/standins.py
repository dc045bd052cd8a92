"""The command `python -m benchmarks.way.standins SECONDS NAME=PORT …`: the store's, asked once for each body."""

import asyncio
import gc
import socket
import sys

import uvloop
from starlette.types import ASGIApp

from benchmarks.stored import stored
from bentos.artifact import load
from bentos.protocol import Protocol
from bentos.served import Served
from gateway.ending import Ending
from gateway.listening import Guard, Refusals, listener
from oip import headers_of, read_body
from oip.asgi import Message, Receive, Scope, Send

MOST_BYTES = 2**26


class Remembered:
    """Answer every request as the app did the first time that it came; a call takes so many seconds."""

    def __init__(self, app: ASGIApp, seconds: float = 0) -> None:
        self.app, self.seconds = app, seconds
        self.answers: dict[tuple[str, bytes], list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await read_body(headers_of(scope), receive, MOST_BYTES)
        asked = scope["path"], body
        if asked not in self.answers:
            self.answers[asked] = await self.answer(scope, body, receive)
        if self.seconds and scope["method"] == "POST":
            await asyncio.sleep(self.seconds)
        for message in self.answers[asked]:
            await send(message)

    async def answer(self, scope: Scope, body: bytes, receive: Receive) -> list[Message]:
        """Ask the app."""
        come: list[Message] = [{"type": "http.request", "body": body}]
        messages: list[Message] = []

        async def given() -> Message:
            return come.pop() if come else await receive()

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, given, keep)
        return messages


def app_of(name: str, seconds: float) -> ASGIApp:
    """Give what stands for a name; raises Failed for a model that is not in the store."""
    folder = stored(name).folder
    model = load(folder)
    return Remembered(Protocol(Served(model.contract, folder, model)).app(), seconds)


async def serve(seconds: float, ports: dict[str, int]) -> None:
    """Serve each name on its port, as the gateway serves, until the process is ended."""
    guard = Guard(1000, 2**30, Refusals(lambda _: None))
    listeners = {
        listener(app_of(name, seconds), Ending(), guard): socket.create_server(("127.0.0.1", port))
        for name, port in ports.items()
    }
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    await asyncio.gather(*(one.serve(sockets=[its]) for one, its in listeners.items()))


if __name__ == "__main__":
    _, call_s, *pairs = sys.argv
    uvloop.run(serve(float(call_s), {name: int(port) for name, port in (pair.split("=") for pair in pairs)}))
