"""Keeping what is known of a model up to date, in the background."""

import asyncio

import structlog

from gateway.backends.backend import Backend

FIRST_S = 0.25
"""How often a model is asked for its contract until it has told one."""

log = structlog.get_logger()


def watch(backend: Backend, refresh_s: float) -> None:
    """Follow a model until it is retired or closed, or watched at another rate."""
    for watcher in backend.watchers:
        watcher.cancel()
    work = [learn_on(backend, refresh_s)]
    if backend.server.balanced:
        work.append(backend.server.balanced.watch())
    backend.watchers = [asyncio.create_task(one) for one in work]


async def learn_on(backend: Backend, refresh_s: float) -> None:
    """Ask for the contract until it is known, then every `refresh_s` seconds; says for whom it waits."""
    reason = None
    while True:
        try:
            await backend.learn()
        except Exception as exc:  # noqa: BLE001 (whatever a server answers, the next one may be better)
            if str(exc) != reason:
                reason = str(exc)
                log.warning("waiting for a model", model=backend.name, url=backend.server.address, reason=reason)
        else:
            reason = None
        await asyncio.sleep(refresh_s if backend.current else FIRST_S)
