"""Running all listeners in one process, on one event loop."""

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TextIO, cast

import structlog
import uvloop

from gateway.changing import changing
from gateway.front import Front
from gateway.gateway import open_gateway
from gateway.listening import (
    ADMIN_CONNECTIONS,
    Doors,
    Guard,
    Refusals,
    follow,
    listener,
    most_connections,
    open_doors,
)
from gateway.metrics import Metrics
from gateway.output import Lines
from gateway.output.stderr import RING, Stderr
from gateway.settings import Settings

log = structlog.get_logger()


async def serve(settings: Settings, doors: Doors, path: Path, said: Lines) -> None:
    """Serve on bound sockets until SIGINT or SIGTERM has brought the end; what is `said` and lost is counted."""
    async with contextlib.AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(open_gateway(settings))
        front, metrics, ending = Front(gateway), gateway.metrics, gateway.ending
        said.on_loss = metrics.unsaid.inc
        await stack.enter_async_context(following(doors, metrics))
        await stack.enter_async_context(changing(path, front))
        refusals = Refusals(lambda reason: metrics.refusal_counter(reason).inc())
        most = most_connections(settings.max_connections)
        guard = Guard(most, settings.max_body_bytes, refusals, settings.keep_alive_s)
        other = Guard(ADMIN_CONNECTIONS, settings.max_body_bytes, refusals)
        public, admin = front.public, front.admin
        listeners = {listener(public, ending, guard): doors.public, listener(admin, ending, other): doors.admin}
        if doors.secure:
            listeners[listener(public, ending, guard, doors.secure.certificate.context)] = doors.secure.socket

        addresses, more = doors.addresses, []
        if settings.grpc_port is not None:
            from gateway.grpc import open_grpc

            door = open_grpc(front, settings.grpc_port)
            addresses["grpc"] = door.address
            more = [door.serve()]

        # What lives for ever is not to be walked by every full collection: a request of 16 MB took four times as long.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        ending.heed()
        log.info("listening", **addresses)
        await asyncio.gather(*(one.serve(sockets=[its]) for one, its in listeners.items()), *more)


@contextlib.asynccontextmanager
async def following(doors: Doors, metrics: Metrics) -> AsyncIterator[None]:
    """Take renewed certificates as long as this lasts."""
    told = partial(metrics.reloaded, "certificate")
    task = asyncio.create_task(follow(doors.secure.certificate, told)) if doors.secure else None
    try:
        yield
    finally:
        if task:
            task.cancel()


def run(settings: Settings, path: Path) -> None:
    """Run the gateway to its end, by settings that were read from a file which is followed.

    Raises SettingsError for a port or a certificate that cannot be had.
    """
    with Lines(sys.stderr.fileno(), lambda _: None, RING) as said:
        configure_log(cast("TextIO", Stderr(said)))
        with open_doors(settings) as doors:
            uvloop.run(serve(settings, doors, path, said))


def configure_log(to: TextIO | None = None) -> None:
    """Log JSON lines, or readable ones on a terminal; what libraries log comes from warnings on.

    Without a file to write them to, they are written to stderr, by whoever logs.
    """
    to = to or sys.stderr
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=to)
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
    ]
    last: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    if sys.stderr.isatty():
        last = [structlog.dev.ConsoleRenderer()]
    structlog.configure(
        processors=[*shared, *last],
        # It writes a line with its end: unbuffered, an access record came between the two in a file that takes both.
        logger_factory=structlog.WriteLoggerFactory(to),
        cache_logger_on_first_use=True,
    )
