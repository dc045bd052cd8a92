"""Running all listeners in one process, on one event loop."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator

import structlog
import uvloop

from gateway.app import admin_app, public_app
from gateway.gateway import open_gateway
from gateway.listening import Doors, follow, listener, open_doors
from gateway.settings import Settings

log = structlog.get_logger()


async def serve(settings: Settings, doors: Doors) -> None:
    """Serve on bound sockets until SIGINT or SIGTERM, then let requests under way finish."""
    async with open_gateway(settings) as gateway, following(doors, settings.refresh_s):
        # Whatever is under way when the end comes has its whole deadline to finish.
        public, admin, wait_s = public_app(gateway), admin_app(gateway), gateway.accounts.longest_s
        listeners = {listener(public, wait_s): doors.public, listener(admin, wait_s): doors.admin}
        if doors.secure:
            listeners[listener(public, wait_s, doors.secure.certificate.context)] = doors.secure.socket

        ending, addresses, more = asyncio.Event(), doors.addresses, []
        if settings.grpc_port is not None:
            from gateway.grpc import open_grpc

            door = open_grpc(gateway, settings.grpc_port)
            addresses["grpc"] = door.address
            more = [door.serve(ending)]

        def end() -> None:
            ending.set()
            for one in listeners:
                one.should_exit = True

        # What lives for ever is not to be walked by every full collection: a request of 16 MB took four times as long.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        log.info("listening", **addresses)
        await asyncio.gather(*(one.serve(sockets=[its]) for one, its in listeners.items()), *more)


@contextlib.asynccontextmanager
async def following(doors: Doors, every_s: float) -> AsyncIterator[None]:
    """Take renewed certificates as long as this lasts."""
    task = asyncio.create_task(follow(doors.secure.certificate, every_s)) if doors.secure else None
    try:
        yield
    finally:
        if task:
            task.cancel()


def run(settings: Settings) -> None:
    """Run the gateway to its end; raises SettingsError for a port or a certificate that cannot be had."""
    configure_log()
    with open_doors(settings) as doors:
        uvloop.run(serve(settings, doors))


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
