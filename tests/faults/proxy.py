"""A proxy that speaks TCP, through which a fault has each exchange of request and answer in its hands."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from benchmarks.ports import free_ports

LONGEST_MESSAGE = 64 * 2**20
CALLS = b"/infer ", b":predict "
"""How the paths end that ask for predictions."""


class Link(NamedTuple):
    """Hold both ends of one side of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def message(self) -> bytes:
        """Read one request or answer, head and body; nothing at the end of the connection."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
        if fields.get(b"transfer-encoding") != b"chunked":
            return head + await self.reader.readexactly(int(fields.get(b"content-length", 0)))
        parts = [head]
        while parts[-1] != b"0\r\n\r\n":
            size = await self.reader.readuntil(b"\r\n")
            parts.append(size + await self.reader.readexactly(int(size, 16) + 2))
        return b"".join(parts)

    async def send(self, data: bytes) -> None:
        """Send bytes, in a segment of their own as far as TCP allows."""
        self.writer.write(data)
        await self.writer.drain()

    async def end(self) -> None:
        """End the connection as usual (FIN)."""
        self.writer.close()
        await self.writer.wait_closed()

    def reset(self) -> None:
        """Break the connection off (RST)."""
        its: socket.socket = self.writer.get_extra_info("socket")
        if its.fileno() != -1:
            its.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Exchange:
    """Hold one request, and both connections that it and its answer go over.

    `front` leads to who asked, `back` to the server; `lifted` is set when the fault is over.
    """

    def __init__(self, request: bytes, front: Link, back: Link, lifted: asyncio.Event) -> None:
        self.request = request
        self.front = front
        self.back = back
        self.lifted = lifted

    @property
    def parts(self) -> tuple[bytes, bytes]:
        """Give head and body of the request."""
        head, separator, body = self.request.partition(b"\r\n\r\n")
        return head + separator, body

    async def answer(self) -> bytes:
        """Ask the server, and give its whole answer; raises OSError where there is none."""
        await self.back.send(self.request)
        answer = await self.back.message()
        if not answer:
            raise ConnectionResetError
        return answer

    async def hold(self) -> None:
        """Do nothing until the fault is lifted, then break off."""
        await self.lifted.wait()
        self.front.reset()


Fault = Callable[[Exchange], Awaitable[None]]


async def passed(exchange: Exchange) -> None:
    """Pass request and answer on."""
    await exchange.front.send(await exchange.answer())


class Proxy:
    """Stand before the server at a port, and let a fault have what goes there; made by `proxy`.

    `fault` has the exchanges whose path ends as `paths` say, `at_connect` each new connection.
    """

    def __init__(self, behind: int) -> None:
        (self.port,) = free_ports(1)
        self.behind = behind
        self.loop = asyncio.new_event_loop()
        self.server: asyncio.Server | None = None
        self.over = asyncio.Event()
        self.open: set[asyncio.Task[None]] = set()
        self.lift()

    def lift(self) -> None:
        """Pass everything on again."""
        self.fault: Fault = passed
        self.paths: tuple[bytes, ...] = CALLS
        self.at_connect: Callable[[Link], Awaitable[None]] | None = None
        over, self.over = self.over, asyncio.Event()
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(over.set)

    async def listen(self) -> None:
        """Take connections."""
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=LONGEST_MESSAGE, backlog=512)

    async def stop_listening(self) -> None:
        """Refuse connections, and break off those that there are."""
        assert self.server
        self.server.close()
        await self.break_off()

    async def break_off(self) -> None:
        """Break off all connections."""
        for task in self.open:
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)

    def do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done on the proxy's own thread."""

        async def whole() -> None:
            await work()

        asyncio.run_coroutine_threadsafe(whole(), self.loop).result(60)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end, by which both sides are closed."""
        task = asyncio.current_task()
        assert task
        self.open.add(task)
        front = Link(reader, writer)
        try:
            if self.at_connect:
                await self.at_connect(front)
            back = Link(*await asyncio.open_connection("127.0.0.1", self.behind, limit=LONGEST_MESSAGE))
            with contextlib.closing(back.writer):
                await self.exchange(front, back)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            front.reset()
        finally:
            self.open.discard(task)
            writer.close()

    async def exchange(self, front: Link, back: Link) -> None:
        """Exchange requests and answers until who asks has no more."""
        while request := await front.message():
            faulty = request.partition(b"HTTP/1.1\r\n")[0].endswith(self.paths)
            await (self.fault if faulty else passed)(Exchange(request, front, back, self.over))
            if b"\r\nconnection: close\r\n" in request.lower():
                break


@contextlib.contextmanager
def proxy(behind: int) -> Iterator[Proxy]:
    """Run a proxy in front of a port."""
    one = Proxy(behind)
    thread = threading.Thread(target=one.loop.run_forever, daemon=True)
    thread.start()
    one.do(one.listen)
    try:
        yield one
    finally:
        one.lift()
        one.do(one.stop_listening)
        one.loop.call_soon_threadsafe(one.loop.stop)
        thread.join(5)
        one.loop.close()
