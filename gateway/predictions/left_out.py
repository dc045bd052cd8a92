"""Whether `leave_out` says what was meant: a name that no model reads leaves nothing out."""

import asyncio
from collections.abc import Collection

import structlog

from gateway.backends import Backend

EVERY_S = 0.5

log = structlog.get_logger()


async def check_left_out(names: Collection[str], backends: Collection[Backend]) -> None:
    """Wait until all contracts are known, and warn of names that are in none of them."""
    while any(backend.current is None for backend in backends):  # noqa: ASYNC110 (nobody tells of the last one)
        await asyncio.sleep(EVERY_S)
    read = {feature.name for backend in backends if backend.current for feature in backend.current.features}
    if unknown := sorted(set(names) - read):
        log.warning("prediction_log.leave_out names what no model reads, so it leaves nothing out", names=unknown)
