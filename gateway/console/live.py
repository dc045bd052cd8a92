"""What changes while somebody looks, computed once a second for all who do."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import structlog

from gateway.backends import Backend
from gateway.console.figures import Answers, Look, Work, look, of_model, of_route
from gateway.console.plans import mark_of, routes_of
from gateway.errors import TooManyConnections
from gateway.gateway import Gateway

EVERY_S = 1.0
WINDOW = 3
"""Figures are those of so many seconds: fewer would jump, more would lag."""

MOST_READERS = 16
"""Of the 64 connections of the admin listener: probes and Prometheus keep theirs."""

MOST_RECORDS = 50
"""So many requests are in one event; who wants more asks for the last ones."""

log = structlog.get_logger()


class Live:
    """Give events to readers; while there is none, nothing is done.

    A reader that is slow misses events and is not waited for. `event` is the last one, JSON.
    """

    def __init__(self, gateway: Callable[[], Gateway]) -> None:
        self.gateway = gateway
        self.readers = 0
        self.task: asyncio.Task[None] | None = None
        self.event = b""
        self.over = False
        self.told = 0
        self.looks: deque[Look] = deque(maxlen=WINDOW + 1)
        self.ready: dict[str, bool] = {}
        self.probing: set[asyncio.Task[None]] = set()
        self.ticked = asyncio.Event()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Count a reader; raises TooManyConnections where there are as many as may be."""
        if self.readers == MOST_READERS:
            raise TooManyConnections(f"{MOST_READERS} look at the console already")
        self.readers += 1
        if self.task is None:
            self.looks.clear()
            self.over, self.told = False, self.newest
            self.task = asyncio.get_running_loop().create_task(self.tell())
        try:
            yield
        finally:
            self.readers -= 1
            if not self.readers:
                self.task.cancel()
                self.task = None

    async def next(self) -> bytes | None:
        """Wait for the next event; None with the end of the gateway, which waits for all answers."""
        ticked = self.ticked
        await ticked.wait()
        return None if self.over else self.event

    @property
    def newest(self) -> int:
        """Give the number of the last request."""
        recent = self.gateway().process.recent
        return recent.number if recent else 0

    async def tell(self) -> None:
        """Make an event again and again."""
        while True:
            try:
                self.probe()
                self.event = msgspec.json.encode(self.document())
            except Exception:  # without another event all readers would wait for ever
                log.exception("the console cannot be told")
            self.over = self.gateway().ending.closing
            ticked, self.ticked = self.ticked, asyncio.Event()
            ticked.set()
            await asyncio.sleep(EVERY_S)

    def probe(self) -> None:
        """Ask each model whether it is ready, while nobody waits for that."""
        if not self.probing:
            for backend in self.gateway().backends.values():
                task = asyncio.get_running_loop().create_task(self.note_ready(backend))
                self.probing.add(task)
                task.add_done_callback(self.probing.discard)

    async def note_ready(self, backend: Backend) -> None:
        """Ask one."""
        self.ready[backend.name] = await backend.is_ready()

    def document(self) -> dict[str, Any]:
        """Write an event; there are no rates in the first."""
        gateway = self.gateway()
        self.looks.append(now := look(gateway))
        before = self.looks[0]
        seconds = max(now.at - before.at, EVERY_S / 2)
        recent = gateway.process.recent
        records = recent.after(self.told, MOST_RECORDS) if recent else []
        self.told = self.newest
        routes = {name: of_route(before.routes.get(name, Answers()), its, seconds) for name, its in now.routes.items()}
        models = {name: of_model(before.models.get(name, Work()), its, seconds) for name, its in now.models.items()}
        return {
            "ready": gateway.ready,
            "draining": gateway.ending.draining,
            "under_way": gateway.accounts.under_way,
            "lag_ms": round(gateway.shedding.lag_s * 1000, 2),
            "memory": round(gateway.shedding.ratio, 4),
            "seconds": round(seconds, 2),
            "routes": routes,
            "mark": mark_of(routes_of(gateway)),
            "models": {name: {**its, **state_of(gateway.backends[name], self.ready)} for name, its in models.items()},
            "number": self.told,
            "records": records,
        }


def state_of(backend: Backend, ready: dict[str, bool]) -> dict[str, Any]:
    """Say how a model is now; whether it is ready is not known before it was asked."""
    batcher, breaker = backend.batcher, backend.breaker
    balanced = backend.server.balanced
    return {
        "version": backend.current.version if backend.current else None,
        "ready": ready.get(backend.name),
        "open": breaker.is_open,
        "why": breaker.reason if breaker.is_open else None,
        "failures": breaker.failures,
        "in_flight": len(batcher.under_way),
        "concurrency": batcher.concurrency,
        "queued_rows": batcher.queue.rows,
        "addresses": [{"at": one.at, "in": not one.is_out} for one in balanced.addresses.values()]
        if balanced
        else None,
    }
