"""HTTP to a model: httpx's types over connections of our own, and their errors in the gateway's words.

One call of a server that does nothing took 120 µs of processor time over `httpx-aiohttp`, 75 over a bare aiohttp
session, and 27 so, of which httpx's types are 11. An ensemble of two pays it twice in each caller's time.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections import deque
from typing import Any, NamedTuple

import httpx

from gateway.backends.connection import Connection
from gateway.errors import BackendFault, BackendUnreachable, GatewayError

IDLE_S = 3.0
"""BentoML closes an idle connection after 5 s; a request sent at that edge would fail."""

CONNECT_S = 0.5
"""A connection is made at once or not at all. The kernel refuses one to a Service without endpoints at most once a
second per caller (`icmp_ratelimit`), and drops the others: without this limit they would wait for their deadline."""

MOST_REQUESTS = 128
"""So many go over one connection: a Service gives a connection one pod, and where few calls are under way at once the
other pods would have nothing to do. Fewer would show in the 99th percentile."""

OWN = (b"host", b"accept-encoding", b"content-length", b"transfer-encoding", b"connection")
"""The headers that are the transport's own."""


class Transport(httpx.AsyncBaseTransport):
    """Ask one server over at most so many connections, in turn: behind a Service each leads to another pod.

    It sends the headers of a request and those that frame it, follows nothing, unpacks nothing, and reads an answer
    whole before it gives it. How long an answer may take is for the caller to say: a call that is cancelled
    ends its connection.
    """

    def __init__(self, address: str, connections: int) -> None:
        self.origin = httpx.URL(address)
        self.own = b"host: %s\r\naccept-encoding: identity\r\n" % self.origin.netloc
        self.port = self.origin.port or (443 if self.origin.scheme == "https" else 80)
        self.tls = ssl.create_default_context() if self.origin.scheme == "https" else None
        self.room = asyncio.Semaphore(connections)
        self.idle: deque[Connection] = deque()
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose content was read; raises httpx.TransportError."""
        body = request.content
        lines = [b"%s %s HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)]
        lines += [b"%s: %s\r\n" % line for line in request.headers.raw if line[0].lower() not in OWN]
        lines.append(b"%scontent-length: %d\r\n\r\n" % (self.own, len(body)))
        async with self.room:
            connection = self.warm() or await self.connected()
            received = await connection.exchange(b"".join(lines), body)
            self.keep(connection)
        return httpx.Response(received.status, headers=received.headers, stream=httpx.ByteStream(received.body))

    async def aclose(self) -> None:
        """Close the connections; one that is in use is closed after that."""
        self.closed = True
        while self.idle:
            self.idle.pop().transport.abort()

    def warm(self) -> Connection | None:
        """Give the next connection in turn, None where none can be used; closes those that are too old."""
        oldest = time.monotonic() - IDLE_S
        while self.idle:
            connection = self.idle.popleft()
            if connection.since > oldest and not connection.transport.is_closing():
                return connection
            connection.transport.abort()
        return None

    def keep(self, connection: Connection) -> None:
        """Keep a connection for another request, if it may serve one."""
        if self.closed or connection.requests == MOST_REQUESTS:
            connection.transport.abort()
        elif connection.reusable:
            connection.since = time.monotonic()
            self.idle.append(connection)

    async def connected(self) -> Connection:
        """Open a connection to the first address that takes one; raises httpx.ConnectError and ConnectTimeout."""
        loop = asyncio.get_running_loop()
        try:
            # Outside of the limit: a name that is found slowly may still have a server that answers at once.
            found = await loop.getaddrinfo(self.origin.host, self.port, type=socket.SOCK_STREAM)
            async with asyncio.timeout(CONNECT_S):
                for *_, address in found[:-1]:
                    with contextlib.suppress(OSError):
                        return await self.open(address)
                return await self.open(found[-1][-1])
        except TimeoutError as exc:
            raise httpx.ConnectTimeout("nobody answered") from exc
        except OSError as exc:
            raise httpx.ConnectError(str(exc)) from exc

    async def open(self, address: tuple[Any, ...]) -> Connection:
        """Open a connection to one address; raises OSError."""
        name = self.origin.host if self.tls else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, *address[:2], ssl=self.tls, server_hostname=name)
        return connection


class Answer(NamedTuple):
    """Hold an answer; the names of its headers are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the value of a header."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")


async def call(transport: httpx.AsyncBaseTransport, request: httpx.Request, model: str) -> Answer:
    """Send a request and read the whole answer; raises BackendUnreachable and BackendFault that name the model."""
    try:
        response = await transport.handle_async_request(request)
        parts = [part async for part in response.stream]  # type: ignore[union-attr]  # an asynchronous transport's
    except httpx.TransportError as exc:
        raise translated(exc, model) from exc
    # httpx's own headers are slow to look up: they find out a charset first, and then look at each.
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.raw}, b"".join(parts))


def translated(exc: httpx.TransportError, model: str) -> GatewayError:
    """Say what happened."""
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout):
        return BackendUnreachable(f"{model} cannot be reached", model=model)
    if isinstance(exc, httpx.ProtocolError):
        return BackendFault(f"{model} gave no valid answer: {exc}", model=model)
    return BackendUnreachable(f"the connection to {model} was lost", model=model)
