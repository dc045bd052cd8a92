"""Leaving a model alone that fails again and again, until it has answered a probe."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from gateway.errors import BackendChanged, BackendFault, BackendUnknown, BreakerOpen, DeadlineExceeded, GatewayError
from gateway.settings import BreakerSettings

PROBE_S = 5.0
"""A model that comes back answers its first row within this: a worker takes seconds to start."""

CHANGING_S = 30.0
"""So long a model may answer nothing but as another version than is known: pods of both answer in turn in a rollout."""

CHANGING = BackendUnknown, BackendChanged
"""An answer of a version that is not known yet, and a refusal of one that reads other features."""

UNSURE = BackendFault, DeadlineExceeded, *CHANGING
"""What may be a record's fault, that of callers who leave before a slow model has answered, or none."""

log = structlog.get_logger()


class Breaker:
    """Count failures in a row; after some it is open, and nobody asks the model but one probe at a time.

    Each failure of a call counts, whoever its callers are. Where the last of them may not be the model's fault, it is
    probed before it opens: who sends five such records is not to take the model from others. `on_open` counts;
    `on_back` hears of each probe that was answered.
    """

    def __init__(
        self, model: str, settings: BreakerSettings, ask: Callable[[], Awaitable[None]], on_open: Callable[[], None]
    ) -> None:
        self.model = model
        self.settings = settings
        self.ask = ask
        self.on_open = on_open
        self.on_back: Callable[[], None] = lambda: None
        self.failures = 0
        self.changing_since: float | None = None
        self.changing_last = 0.0
        self.reason = ""
        self.is_open = False
        self.recovering: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raise BreakerOpen while it is open."""
        if self.is_open:
            raise BreakerOpen(f"{self.model} is left alone for a while, for {self.reason}", model=self.model)

    def succeeded(self) -> None:
        """Begin to count anew."""
        self.failures = 0
        self.changing_since = None

    def failed(self, error: GatewayError) -> None:
        """Count a failure; that of a model that is changing is none, until it has done nothing else for long."""
        if isinstance(error, CHANGING) and not self.changes_for_long():
            return
        self.failures += 1
        if self.failures >= self.settings.failures:
            self.begin(str(error), sure=not isinstance(error, UNSURE))

    def changes_for_long(self) -> bool:
        """Note that the model is changing, and say whether it has done nothing else for long.

        Of one that nobody asked meanwhile that is not known: its next rollout is another one.
        """
        now = asyncio.get_running_loop().time()
        if self.changing_since is None or now > self.changing_last + CHANGING_S:
            self.changing_since = now
        self.changing_last = now
        return now >= self.changing_since + CHANGING_S

    def trip(self, reason: str) -> None:
        """Open at once."""
        self.begin(reason, sure=True)

    def begin(self, reason: str, *, sure: bool) -> None:
        """Open if that is sure, and have the model probed until it answers."""
        if sure:
            self.open(reason)
        if self.recovering is None:
            self.recovering = asyncio.get_running_loop().create_task(self.recover(reason, at_once=not sure))

    def open(self, reason: str) -> None:
        """Let nobody ask."""
        if not self.is_open:
            self.is_open, self.reason = True, reason
            self.on_open()
            log.warning("a model is left alone for a while", model=self.model, reason=reason)

    async def recover(self, reason: str, *, at_once: bool) -> None:
        """Probe after a pause, and again after longer ones, at random, until the model has answered."""
        first = pause = self.settings.first_s
        while True:
            if not at_once:
                await asyncio.sleep(pause)
                pause = min(self.settings.longest_s, random.uniform(first, 3 * pause))  # noqa: S311 (no secret)
            at_once = False
            try:
                await self.timely_probe()
            except GatewayError as exc:
                self.open(reason)
                self.reason = str(exc)
            except Exception:  # whatever it is, the next probe may be answered, and without one it stays open for ever
                log.exception("a probe failed", model=self.model)
                self.open(reason)
            else:
                break
        self.recovering = None
        self.succeeded()
        self.on_back()
        if self.is_open:
            self.is_open = False
            log.info("a model answers again", model=self.model)

    async def probe(self) -> None:
        """Ask the model once, however long it takes: a worker that has ended takes seconds to come back."""
        await self.ask()

    async def timely_probe(self) -> None:
        """Ask it once; raises GatewayError, also where it does not answer in time."""
        try:
            async with asyncio.timeout(PROBE_S):
                await self.ask()
        except TimeoutError as exc:
            raise DeadlineExceeded(f"{self.model} does not answer in time", model=self.model) from exc

    async def close(self) -> None:
        """Probe no more."""
        if self.recovering:
            self.recovering.cancel()
            await asyncio.gather(self.recovering, return_exceptions=True)
