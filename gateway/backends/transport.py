"""HTTP to a model over connections of our own, whose failures are the gateway's errors at once.

One call of a server that does nothing took 120 µs of processor time over `httpx-aiohttp`, 75 over a bare aiohttp
session, 26 under httpx's types, and 12 so. An ensemble of two pays it twice in each caller's time.
"""

import asyncio
import contextlib
import math
import socket
import ssl
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from gateway.backends.connection import Answer, Connection
from gateway.errors import BackendAbsent, BackendBroken, BackendLost

IDLE_S = 3.0
"""BentoML closes an idle connection after 5 s; a request sent at that edge would fail."""

CONNECT_S = 0.5
"""A connection is made at once or not at all. The kernel refuses one to a Service without endpoints at most once a
second per caller (`icmp_ratelimit`), and drops the others: without this limit they would wait for their deadline."""

ATTEMPTS = 10
"""So often a connection is tried that is refused: a Service gives each attempt a pod at random, also one that died and
is still listed, for about a second. A half of two is met ten times in a row by one in a thousand."""

MOST_REQUESTS = 128
"""So many go over one connection: a Service gives a connection one pod, and where few calls are under way at once the
other pods would have nothing to do. Fewer would show in the 99th percentile."""


OLDEST_S = 5.0
"""Nor is one used for longer: where calls are few, the name is resolved again within this, and a new pod found."""

UNKEPT_S = 1.0
"""After a connection was lost none is kept for so long. Requests are then asked for one by one, and who is lost again
is refused for ten minutes: over a kept connection that could be its server's way to end one, and no record's fault."""


class Transport:
    """Ask the server of a model over at most so many connections, in turn: behind a Service each leads to another pod.

    It follows nothing, unpacks nothing, and reads an answer whole before it gives it. How long an answer may take is
    for the caller to say: a call that is cancelled ends its connection. With `at` it connects there, whatever the name
    in the address resolves to.
    """

    def __init__(self, model: str, address: str, connections: int, at: str | None = None) -> None:
        self.model = model
        self.at = at
        self.url = urlsplit(address)
        self.port = self.url.port or (443 if self.url.scheme == "https" else 80)
        self.tls = ssl.create_default_context() if self.url.scheme == "https" else None
        self.room = asyncio.Semaphore(connections)
        self.idle: deque[Connection] = deque()
        self.closed = False
        self.lost = -math.inf

    def head(self, method: str, path: str) -> bytes:
        """Begin the head of a request with what is the same whatever is asked; the path is quoted already."""
        line = f"{method} {self.url.path}{path} HTTP/1.1\r\n"
        return f"{line}host: {self.url.netloc}\r\naccept-encoding: identity\r\n".encode()

    async def call(self, head: bytes, body: bytes) -> Answer:
        """Send a request, to whose head only the length and its end are added, and read the whole answer.

        Raises BackendAbsent, BackendLost, BackendBroken and BackendCorrupt that name the model.
        """
        await self.room.acquire()  # as `async with` it would take 0.3 µs of 12 more
        try:
            connection = self.warm() or await self.connected()
            answer = await connection.exchange(b"%scontent-length: %d\r\n\r\n" % (head, len(body)), body)
        except (BackendLost, BackendBroken):
            self.drop()
            self.lost = time.monotonic()
            raise
        else:
            self.keep(connection)
            return answer
        finally:
            self.room.release()

    def close(self) -> None:
        """Close the connections; one that is in use is closed after that."""
        self.closed = True
        self.drop()

    def drop(self) -> None:
        """Close what is kept."""
        while self.idle:
            self.idle.pop().transport.abort()

    def warm(self) -> Connection | None:
        """Give the next connection in turn, None where none can be used; closes those that are too old."""
        now = time.monotonic()
        while self.idle:
            connection = self.idle.popleft()
            young = connection.since > now - IDLE_S and connection.made > now - OLDEST_S
            if young and not connection.transport.is_closing():
                return connection
            connection.transport.abort()
        return None

    def keep(self, connection: Connection) -> None:
        """Keep a connection for another request, if it may serve one."""
        now = time.monotonic()
        if self.closed or connection.requests == MOST_REQUESTS or now < self.lost + UNKEPT_S:
            connection.transport.abort()
        elif connection.reusable:
            connection.since = now
            self.idle.append(connection)

    async def resolved(self) -> list[str]:
        """Give the addresses that the name has now; raises OSError and UnicodeError."""
        found = await asyncio.get_running_loop().getaddrinfo(self.url.hostname, self.port, type=socket.SOCK_STREAM)
        return sorted({str(address[0]) for *_, address in found})

    async def connected(self) -> Connection:
        """Open a connection to the first address that takes one; raises BackendAbsent.

        Where the addresses are a Service's, which may lead elsewhere the next time, they are tried again.
        """
        loop = asyncio.get_running_loop()
        try:
            # Outside of the limit: a name that is found slowly may still have a server that answers at once.
            found = await loop.getaddrinfo(self.at or self.url.hostname, self.port, type=socket.SOCK_STREAM)
            tried = found if self.at or self.tls else found * ATTEMPTS  # a handshake that fails would fail again
            async with asyncio.timeout(CONNECT_S):
                for *_, address in tried[:-1]:
                    with contextlib.suppress(OSError):
                        return await self.open(address)
                return await self.open(tried[-1][-1])
        except (OSError, UnicodeError) as exc:  # TimeoutError is an OSError; a name may be none, such as `a..b`
            raise BackendAbsent(f"{self.model} cannot be reached", model=self.model) from exc

    async def open(self, address: tuple[Any, ...]) -> Connection:
        """Open a connection to one address; raises OSError."""
        name = self.url.hostname if self.tls else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self.model), *address[:2], ssl=self.tls, server_hostname=name
        )
        return connection
