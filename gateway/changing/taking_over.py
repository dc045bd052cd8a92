"""Taking over a change of the settings while requests come in, or refusing it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from gateway.backends import Backend, watch
from gateway.changing.change import Change, begin
from gateway.fitting import Fitting, refusal
from gateway.front import Front
from gateway.gateway import Gateway
from gateway.settings import SettingsError, read_settings
from gateway.settings.change import changed_keys

EVERY_S = 0.5
"""How often the file is looked at. What it holds counts once it has been the same twice: who writes may not be done."""

FILE = "settings"

log = structlog.get_logger()


class Changes:
    """Follow the file of the settings, and have the front take another gateway when it holds other good ones.

    A backend whose settings are the same goes on with all that it knows. One that is dropped is closed when the last
    request that may ask it has ended.
    """

    def __init__(self, path: Path, front: Front) -> None:
        self.path = path
        self.front = front
        self.metrics = front.gateway.metrics
        self.fitting = Fitting(path, self.metrics)
        self.waiting: Change | None = None
        self.left: list[Gateway] = []
        self.dropped: list[Backend] = []
        self.names: set[str] = set()
        """The models and routes that the metrics may still tell of."""

    async def follow(self) -> None:
        """Look at the file for ever; whatever it holds, what is in use goes on."""
        seen: object = self
        before = content(self.path)
        while True:
            await asyncio.sleep(EVERY_S)
            now = content(self.path)
            try:
                if now == before and now != seen:
                    seen = now
                    await self.give_up()
                    await self.consider()
                await self.go_on()
                self.fitting.look(self.front.gateway.plans)
                await self.clear()
            except Exception:  # nobody else would hear of it, and no change would be taken any more
                self.metrics.reloaded(FILE, "refused")
                log.exception("a change of the settings failed, the old ones stay")
            before = now

    async def consider(self) -> None:
        """Refuse what the file holds, or begin to ask its new backends."""
        gateway = self.front.gateway
        try:
            settings = await asyncio.to_thread(read_settings, self.path)
            keys = changed_keys(gateway.settings, settings)
        except SettingsError as exc:
            self.refuse(str(exc))
            return
        if not keys:
            self.metrics.reload_refused.labels(FILE).set(0)
            return
        self.waiting = begin(gateway, settings, keys)

    def refuse(self, reason: str) -> None:
        """Tell that what the file holds is not taken."""
        self.metrics.reloaded(FILE, "refused")
        log.warning("a change of the settings is refused, the old ones stay", reason=reason)

    async def go_on(self) -> None:
        """Take the change that waits once all its backends have answered; say so where that takes long."""
        waiting = self.waiting
        if waiting is None:
            return
        if not waiting.silent:
            if reason := refusal(self.path, self.front.gateway.plans, waiting.plans):
                await self.give_up()
                self.refuse(reason)
            else:
                self.waiting = None
                self.take(waiting)
        elif waiting.is_late:
            waiting.told = True
            self.metrics.reloaded(FILE, "refused")
            reason = f"no answer from {', '.join(waiting.silent)}"
            log.warning("a change of the settings waits, the old ones stay meanwhile", reason=reason)

    def take(self, change: Change) -> None:
        """Answer every new request by these settings."""
        old, backends = self.front.gateway, change.backends
        dropped = [backend for name, backend in old.backends.items() if backends.get(name) is not backend]
        self.front.take(Gateway(change.settings, backends, old.process))
        for backend in dropped:
            backend.retire()
        for backend in change.new:
            backend.show()
        if change.settings.refresh_s != old.settings.refresh_s:
            for backend in backends.values():
                watch(backend, change.settings.refresh_s)
        self.left.append(old)
        self.dropped += dropped
        self.names |= old.plans.keys()
        self.metrics.reloaded(FILE, "taken")
        log.info("took over a change of the settings", changed=change.keys)

    async def give_up(self) -> None:
        """Forget the change that waits: the file holds another."""
        if self.waiting is not None:
            self.names |= self.waiting.backends.keys()
            for backend in self.waiting.new:
                await backend.close()
            self.waiting = None

    async def clear(self) -> None:
        """Close what is dropped, and tell nothing more of it, once no request is under way that may ask it."""
        self.left = [gateway for gateway in self.left if gateway.accounts.under_way]
        if self.left or not self.names:
            return
        while self.dropped:
            await self.dropped.pop().close()
        known = {*self.front.gateway.plans, *(self.waiting.backends if self.waiting else ())}
        for name in self.names - known:
            self.metrics.forget(name)
        self.names.clear()

    async def close(self) -> None:
        """Close all backends."""
        await self.give_up()
        for backend in (*self.dropped, *self.front.gateway.backends.values()):
            await backend.close()


def content(path: Path) -> bytes | None:
    """Read a file; None where that is not possible.

    Time and size say too little: where the file is mounted from a ConfigMap, a link on the way to it changes.
    """
    try:
        return path.read_bytes()
    except OSError:
        return None


@contextlib.asynccontextmanager
async def changing(path: Path, front: Front) -> AsyncIterator[None]:
    """Take over changes of the settings as long as this lasts."""
    changes = Changes(path, front)
    task = asyncio.create_task(changes.follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await changes.close()
