"""Asking a model for the rows of joined requests: by one call, and by the further ones that a failure takes."""

import asyncio
import contextlib
from collections.abc import Sequence

from gateway.batching.fatal import FatalRecords
from gateway.batching.filling import Piece
from gateway.batching.health import Health
from gateway.batching.isolation import isolate
from gateway.batching.one_by_one import one_by_one
from gateway.batching.one_call import Ask, Observe, OneCall
from gateway.batching.retries import Budget
from gateway.errors import BackendBroken, BackendBusy, BackendElsewhere, BackendFault, BackendLost
from gateway.metrics import BatchMetrics
from gateway.settings import RetrySettings


class Calls(OneCall):
    """Have requests answered, whatever becomes of the first call for them.

    A model that is lost in the middle of a call is asked for each request by itself, for one of them may be what ends
    it. One that says that it cannot answer now is asked once more, if the budget allows it. Where a call fails and one
    record may be to blame, that one is searched for.
    """

    def __init__(
        self,
        model: str,
        ask: Ask,
        health: Health,
        retries: RetrySettings,
        metrics: BatchMetrics,
        *,
        observe: Observe | None = None,
    ) -> None:
        super().__init__(model, ask, health, FatalRecords(model, retries.fatal_s), metrics, observe=observe)
        self.budget = Budget(retries)

    async def answer(self, pieces: Sequence[Piece]) -> None:
        """Answer all that can be answered, and refuse who is to blame; raises GatewayError for all others."""
        self.budget.asked(len(pieces))
        answers = self.fatal.answers
        try:
            failure = await self.attempt(pieces)
        except BackendLost:
            alone = len(pieces) == 1
            if alone and self.fatal.note_loss(pieces[0], answers) >= self.fatal.losses:
                self.fatal.refuse(pieces)
                return
            await self.wait_until_back()
            await one_by_one(pieces, self.once_more, self.fatal, self.probe, lost=0 if alone else 1)
            return
        except BackendBusy as exc:
            if not self.budget.take(len(pieces)):
                raise
            reason = {BackendElsewhere: "elsewhere", BackendBroken: "lost"}.get(type(exc), "busy")
        else:
            if failure is not None:
                await isolate(pieces, failure, self.search)
            return
        try:
            await self.pause(reason)
            left = [piece for piece in pieces if piece.waits]
            failure = await self.attempt(left, why=reason) if left else None
        finally:
            self.budget.done(len(pieces))
        if failure is not None:
            await isolate(left, failure, self.search)

    async def wait_until_back(self) -> None:
        """Wait until a model that was lost answers again, and then as before any call that is made once more.

        Who else was lost with it, through another gateway too, waits for the same worker: they would be there together
        when it comes, and be lost together again. Of four records that ended it at one gateway, four innocent requests
        at another were blamed so; of eight, one or two since each waits at random after it is back.
        """
        await self.probe()
        await self.pause("lost")

    async def probe(self) -> None:
        """Wait for an answer to a probe; raises GatewayError where there is none."""
        with contextlib.suppress(BackendFault):  # an example that it refuses is an answer
            await self.health.probe()
        self.fatal.note_back()

    async def pause(self, reason: str) -> None:
        """Wait before the call is made once more."""
        self.metrics.retries(reason).inc()
        await asyncio.sleep(self.budget.pause_s())

    async def once_more(self, pieces: Sequence[Piece]) -> BackendFault | None:
        """Ask for some requests of a call that was lost."""
        return await self.attempt(pieces, again=True, why="lost")

    async def search(self, pieces: Sequence[Piece]) -> BackendFault | None:
        """Ask for some requests of a call that has failed."""
        self.metrics.isolation_calls.inc()
        return await self.attempt(pieces, again=True, why="search")
