"""Taking new connections, on the event loop that the gateway runs on."""

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import Callable, Iterator

import pytest
import uvloop

from gateway.listening import Guard, Refusals
from gateway.listening.arrivals import AT_ONCE, Arrivals

BURST = 40
GUARD = Guard(BURST, 2**20, Refusals(lambda _: None))


class Seen(asyncio.Protocol):
    """Note what happens to the connections of a listener, and answer what each says before it ends."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note a new one."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # of TCP it is
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        """Note that one says something."""
        self.events.append("asked")
        self.transport.write(data)
        self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Note that it is over."""
        self.events.append("lost")


@contextlib.contextmanager
def waiting(callers: int) -> Iterator[tuple[socket.socket, list[socket.socket]]]:
    """Give a listening socket, and callers who connected to it and have asked before anybody took them."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=callers))
        came = [stack.enter_context(socket.create_connection(listening.getsockname())) for _ in range(callers)]
        for caller in came:
            caller.sendall(b"?")
            caller.setblocking(False)
        yield listening, came


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.01)


def test_who_comes_together_is_taken_together() -> None:
    """All callers of a burst are taken before one of them is served; by itself uvloop takes one a turn."""
    events: list[str] = []

    async def serve() -> None:
        arrivals = Arrivals(listening, lambda _: Seen(events), GUARD, None)
        await until(lambda: events.count("lost") == BURST)
        arrivals.close()
        await arrivals.wait_closed()

    with waiting(BURST) as (listening, came):
        uvloop.run(serve())

        assert events[: 2 * BURST] == ["made"] * BURST + ["asked"] * BURST
        assert all(caller.recv(1) == b"?" for caller in came)


def test_callers_wait_while_there_is_no_descriptor_for_them() -> None:
    """The listener neither ends nor tries again in each turn of the loop, and takes them once it can."""
    events: list[str] = []
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def serve() -> None:
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            arrivals = Arrivals(listening, lambda _: Seen(events), GUARD, None)
            await until(lambda: arrivals.pause is not None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert not events
        await until(lambda: events == ["made", "asked", "lost"])
        arrivals.close()

    with waiting(1) as (listening, _):
        uvloop.run(serve())


def test_the_last_are_taken_and_nobody_after_them() -> None:
    """A listener that is closed resets none who waits to be taken, not of more than it takes at once either."""
    events: list[str] = []

    async def serve() -> None:
        arrivals = Arrivals(listening, lambda _: Seen(events), GUARD, None)
        arrivals.close()
        await until(lambda: events.count("lost") == AT_ONCE + 1)
        await arrivals.wait_closed()

    with waiting(AT_ONCE + 1) as (listening, came):
        address = listening.getsockname()
        uvloop.run(serve())

        assert all(caller.recv(1) == b"?" for caller in came)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
