"""A gateway in this process, before stand-ins for its models, for a command that measures what a request costs it."""

import contextlib
import gc
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks.telling import nothing, told
from benchmarks.way.between import FILE, GATEWAY, NEVER_LATE_MS, Between, between
from gateway.gateway import Gateway, open_gateway
from gateway.server import configure_log
from gateway.settings import Settings, read_settings


@contextlib.asynccontextmanager
async def inside(change: Callable[[Settings], Settings] = lambda its: its) -> AsyncIterator[tuple[Gateway, Between]]:
    """Open a gateway by the settings of the project, which may be changed, once its models are known; raises Failed.

    It writes no access records by itself, and collects garbage as seldom as a gateway does. Beside it runs one as a
    process, with an echo.
    """
    async with between({GATEWAY: {}}) as running:
        settings = read_settings(FILE).model_copy(update={"access_log": False, "max_lag_ms": NEVER_LATE_MS})
        async with open_gateway(change(settings)) as gateway:
            for backend in gateway.backends.values():
                await backend.learn()
            gc.set_threshold(50_000, 50, 50)
            yield gateway, running


def measured(measure: Callable[[int], Coroutine[Any, Any, None]]) -> int:
    """Measure, and give the exit code; what is written for nobody goes to the descriptor."""
    configure_log()
    with Path(os.devnull).open("wb") as nowhere:
        return told(measure(nowhere.fileno()), nothing)
