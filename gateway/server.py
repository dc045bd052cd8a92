"""Running both listeners in one process, on one event loop."""

import asyncio
import contextlib
import logging
import math
import os
import signal
import socket
import sys

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.app import admin_app, public_app
from gateway.gateway import open_gateway
from gateway.settings import Settings, SettingsError

BACKLOG = 2048


log = structlog.get_logger()


class Listener(uvicorn.Server):
    """Serve one app, and leave the signals to `serve`: uvicorn's own handling ends the process with -15."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Capture nothing."""
        return contextlib.nullcontext()


def bound(host: str, port: int, variable: str) -> socket.socket:
    """Take a port; raises SettingsError that names the variable to change where it cannot be had."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as exc:
        raise SettingsError(f"{variable}: {host}:{port} cannot be listened on: {os.strerror(exc.errno or 0)}") from exc


def listener(app: ASGIApp, timeout_s: float) -> Listener:
    """Make a listener; access lines and signals are not uvicorn's here."""
    return Listener(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=math.ceil(timeout_s),
        )
    )


async def serve(settings: Settings, public: socket.socket, admin: socket.socket) -> None:
    """Serve on bound sockets until SIGINT or SIGTERM, then let requests under way finish."""
    async with open_gateway(settings) as gateway:
        # Whatever is under way when the end comes has its whole deadline to finish.
        listeners = {
            listener(public_app(gateway), settings.timeout_s): public,
            listener(admin_app(gateway), settings.timeout_s): admin,
        }

        def end() -> None:
            for one in listeners:
                one.should_exit = True

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        log.info("listening", public=address(public), admin=address(admin))
        await asyncio.gather(*(one.serve(sockets=[its]) for one, its in listeners.items()))


def address(listening: socket.socket) -> str:
    """Write what a socket listens on."""
    host, port = listening.getsockname()[:2]
    return f"{host}:{port}"


def run(settings: Settings) -> None:
    """Run the gateway to its end; raises SettingsError for a port that cannot be had."""
    configure_log()
    with (
        bound(settings.host, settings.port, "GATEWAY_PORT") as public,
        bound(settings.admin_host, settings.admin_port, "GATEWAY_ADMIN_PORT") as admin,
    ):
        uvloop.run(serve(settings, public, admin))


def configure_log() -> None:
    """Log JSON lines, or readable ones on a terminal; what libraries log comes from warnings on."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
    ]
    last: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    if sys.stderr.isatty():
        last = [structlog.dev.ConsoleRenderer()]
    structlog.configure(
        processors=[*shared, *last],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
