"""Running both listeners in one process, on one event loop."""

import asyncio
import contextlib
import logging
import signal
import sys

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.app import admin_app, public_app
from gateway.gateway import open_gateway
from gateway.settings import Settings

SHUTDOWN_S = 3
"""How long requests under way may take to finish when the gateway ends."""


class Listener(uvicorn.Server):
    """Serve one app, and leave the signals to `serve`: uvicorn's own handling ends the process with -15."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Capture nothing."""
        return contextlib.nullcontext()


def listener(app: ASGIApp, host: str, port: int) -> Listener:
    """Make a listener; access lines and signals are not uvicorn's here."""
    return Listener(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then let requests under way finish."""
    async with open_gateway(settings) as gateway:
        listeners = [
            listener(public_app(gateway), settings.host, settings.port),
            listener(admin_app(gateway), settings.admin_host, settings.admin_port),
        ]

        def end() -> None:
            for one in listeners:
                one.should_exit = True

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        await asyncio.gather(*(one.serve() for one in listeners))


def run(settings: Settings) -> None:
    """Run the gateway to its end."""
    configure_log()
    uvloop.run(serve(settings))


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
