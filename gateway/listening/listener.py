"""A listener: uvicorn's server for one app, with sockets, connections, answers and an end of our own."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial

import structlog
import uvicorn
from starlette.types import ASGIApp

from gateway.ending import Ending
from gateway.listening.arrivals import Arrivals
from gateway.listening.burst import Burst
from gateway.listening.connection import Connection, SecureConnection
from gateway.listening.guard import Guard
from gateway.listening.watch import look

SETTLE_S = 0.1
"""So long after the last connection was taken none is closed: whoever made it has not asked yet."""

LOOK_S = 0.05

log = structlog.get_logger()


class Listener(uvicorn.Server):
    """Serve one app; its connections are taken by `Arrivals`, and its end is the gateway's.

    uvicorn's own handling of signals ends the process with -15, and refuses new connections as soon as it is asked to
    end, when most callers have not heard of it yet.
    """

    def __init__(self, config: uvicorn.Config, ending: Ending, guard: Guard) -> None:
        super().__init__(config)
        self.ending = ending
        self.guard = guard

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections from these sockets."""
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        state, burst = self.server_state, Burst(self.server_state.tasks, self.ending)
        guard = self.guard
        protocol = partial(make, guard, config=self.config, server_state=state, app_state={}, burst=burst)
        arrivals = [Arrivals(one, protocol, guard, self.config.ssl) for one in sockets or ()]
        guard.counted += [state.connections, *[one.opening for one in arrivals]]
        self.servers = arrivals  # type: ignore[assignment]  # uvicorn only has them close, and say when they have
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Look ten times a second whether the time has come to close, and once at all connections."""
        if counter % 10 == 0:
            now, patience_s = asyncio.get_running_loop().time(), self.guard.patience_s
            for connection in tuple(self.server_state.connections):
                look(connection, now, patience_s)  # type: ignore[arg-type]  # they are of our own kind
        return await super().on_tick(counter) or self.ending.closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 (closed by `Arrivals`)
        """Take no more connections, and close each after its answer; in the end, cut off those that are left."""
        for one in self.servers:
            one.close()
        await asyncio.sleep(SETTLE_S)
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        while (state.connections or state.tasks) and not self.ending.cut:  # noqa: ASYNC110 (uvicorn tells of neither)
            await asyncio.sleep(LOOK_S)
        if state.connections:
            log.warning("cut off", connections=len(state.connections), requests=len(state.tasks))
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(state.tasks)
        for one in self.servers:
            await one.wait_closed()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Capture nothing."""
        return contextlib.nullcontext()


def listener(app: ASGIApp, ending: Ending, guard: Guard, tls: ssl.SSLContext | None = None) -> Listener:
    """Make a listener; access lines and signals are not uvicorn's here."""
    return Listener(
        uvicorn.Config(
            app,
            interface="asgi3",
            http=SecureConnection if tls else Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ssl_context_factory=(lambda *_: tls) if tls else None,
        ),
        ending,
        guard,
    )
