"""A burst of new connections: how long each waits for its first answer, while warm ones keep the server busy.

python -m benchmarks.burst http://127.0.0.1:8001/v1/predict record.json --new 256 --warm 64
"""

import argparse
import asyncio
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import uvloop

DEADLINE_S = 20.0
"""A caller without an answer by then has failed."""

SETTLE_S = 0.5
"""So long the warm callers are alone, before the burst and between two."""


class Target(msgspec.Struct, frozen=True):
    """Say whom to ask what."""

    host: str
    port: int
    request: bytes
    tls: ssl.SSLContext | None


class Burst(msgspec.Struct, frozen=True):
    """Hold the seconds of every answer: the first ones of new connections, and those of warm ones meanwhile."""

    new: list[float]
    warm: list[float]
    failed: int


class Caller(asyncio.Protocol):
    """Ask over one connection; reads by hand, since a client library would need longer than the server measured."""

    def __init__(self, request: bytes, again: bool) -> None:
        self.request = request
        self.again = again
        self.began = time.perf_counter()
        self.took: list[tuple[float, float]] = []
        self.answer = b""
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request; its time began with the connection."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # of TCP it is
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer, and ask again when it is whole."""
        self.answer += data
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end or len(body) < length(head):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self.fail(head[:40].decode("latin-1"))
            return
        now = time.perf_counter()
        self.took.append((now, now - self.began))
        self.answer = b""
        if not self.answered.done():
            self.answered.set_result(None)
        if self.again:
            self.began = now
            self.transport.write(self.request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail where an answer was waited for."""
        self.fail(f"the connection ended: {exc}")

    def fail(self, why: str) -> None:
        """Give up."""
        self.again = False
        if not self.answered.done():
            self.answered.set_exception(ConnectionError(why))


def length(head: bytes) -> int:
    """Read the Content-Length of an answer."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ValueError(f"no Content-Length in {head!r}")


async def call(target: Target, again: bool) -> Caller:
    """Open a connection and wait for its first answer; raises OSError and TimeoutError."""
    caller = Caller(target.request, again)
    async with asyncio.timeout(DEADLINE_S):
        loop = asyncio.get_running_loop()
        name = target.host if target.tls else None
        await loop.create_connection(lambda: caller, target.host, target.port, ssl=target.tls, server_hostname=name)
        await caller.answered
    return caller


async def burst(target: Target, new: int, warm: int, stay: bool) -> Burst:
    """Open `new` connections at once beside `warm` ones that ask all the time; those that `stay` ask on as well."""
    callers = [await call(target, again=True) for _ in range(warm)]
    await asyncio.sleep(SETTLE_S)
    began = time.perf_counter()
    outcomes = await asyncio.gather(*(call(target, stay) for _ in range(new)), return_exceptions=True)
    ended = time.perf_counter()
    came = [outcome for outcome in outcomes if isinstance(outcome, Caller)]
    for caller in (*callers, *came):
        caller.again = False
    busy = [took for caller in callers for at, took in caller.took if began < at <= ended]
    failed = len(outcomes) - len(came) + sum(caller.answered.exception() is not None for caller in callers)
    for caller in (*callers, *came):
        caller.transport.abort()
    return Burst([caller.took[0][1] for caller in came], busy, failed)


def described(seconds: list[float]) -> str:
    """Write the median, the 99th percentile and the largest in milliseconds."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    p50, p99, most = (1000 * ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.99, 1))
    return f"p50 {p50:7.1f}  p99 {p99:7.1f}  max {most:7.1f} ms"


def read_target(url: str, body: bytes, authority: str | None) -> Target:
    """Make the request."""
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    tls = ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
    return Target(parts.hostname or "", parts.port or (443 if tls else 80), request, tls)


def main() -> None:
    """Print a line per burst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("body", type=Path, help="a file with the body to send")
    parser.add_argument("--new", type=int, default=256)
    parser.add_argument("--warm", type=int, default=0)
    parser.add_argument("--stay", action="store_true", help="new connections ask on, as the callers of wrk do")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ca", help="the authority to trust, for https")
    given = parser.parse_args()
    target = read_target(given.url, given.body.read_bytes(), given.ca)
    for _ in range(given.rounds):
        result = uvloop.run(burst(target, given.new, given.warm, given.stay))
        sys.stdout.write(f"new: {described(result.new)}   warm: {described(result.warm)}   failed: {result.failed}\n")


if __name__ == "__main__":
    main()
