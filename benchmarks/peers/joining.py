"""The bare prototype of joining: what arrives while a model is asked is asked next, in one call; nothing is checked."""

import asyncio
from typing import Any

from starlette.applications import Starlette

from benchmarks.peers.plain import Ask, gateway
from benchmarks.peers.wire import Model, Rows

Waiting = tuple[Rows, asyncio.Future[list[dict[str, Any]]]]


def joined(model: Model) -> Ask:
    """Ask a model with one call in flight."""
    waiting: list[Waiting] = []
    running: set[asyncio.Task[None]] = set()

    async def run() -> None:
        while waiting:
            now = waiting.copy()
            waiting.clear()
            answered = iter(await model.ask([row for rows, _ in now for row in rows]))
            for rows, future in now:
                future.set_result([next(answered) for _ in rows])

    def ask(rows: Rows) -> asyncio.Future[list[dict[str, Any]]]:
        future: asyncio.Future[list[dict[str, Any]]] = asyncio.get_running_loop().create_future()
        waiting.append((rows, future))
        if not running:
            task = asyncio.create_task(run())
            running.add(task)
            task.add_done_callback(running.discard)
        return future

    return ask


def app() -> Starlette:
    """Make the app."""
    return gateway(joined)
