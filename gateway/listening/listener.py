"""A listener: uvicorn's server for one app, with sockets, connections and answers of our own."""

import asyncio
import contextlib
import math
import socket
import ssl
from collections.abc import Callable
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from gateway.listening.arrivals import Arrivals
from gateway.listening.burst import Burst
from gateway.listening.connection import Connection, SecureConnection


class Listener(uvicorn.Server):
    """Serve one app; its connections are taken by `Arrivals`, and the signals are left to `serve`.

    uvicorn's own handling of signals ends the process with -15.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections from these sockets."""
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        state = self.server_state
        protocol = partial(make, config=self.config, server_state=state, app_state={}, burst=Burst(state.tasks))
        # uvicorn asks no more of a server than to close, and to say when it has.
        self.servers = [Arrivals(one, protocol, self.config.ssl) for one in sockets or ()]  # type: ignore[misc]
        self.started = True

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Capture nothing."""
        return contextlib.nullcontext()


def listener(app: ASGIApp, timeout_s: float, tls: ssl.SSLContext | None = None) -> Listener:
    """Make a listener; access lines and signals are not uvicorn's here."""
    return Listener(
        uvicorn.Config(
            app,
            http=SecureConnection if tls else Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=math.ceil(timeout_s),
            ssl_context_factory=(lambda *_: tls) if tls else None,
        )
    )
