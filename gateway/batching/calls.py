"""Asking a model for the rows of joined requests: by one call, and by the further ones that a failure takes."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from contract import Columns, Interface, Table, join
from gateway.batching.fatal import FatalRecords
from gateway.batching.filling import Piece
from gateway.batching.health import Health
from gateway.batching.heard import Heard
from gateway.batching.isolation import isolate, refuse
from gateway.batching.one_by_one import one_by_one
from gateway.batching.prediction import Prediction
from gateway.batching.retries import Budget
from gateway.batching.way import Way
from gateway.errors import (
    BackendBroken,
    BackendBusy,
    BackendElsewhere,
    BackendFault,
    BackendLost,
    DeadlineExceeded,
    GatewayError,
)
from gateway.metrics import BatchMetrics
from gateway.settings import RetrySettings
from oip.asgi import new_id

Ask = Callable[[Table, str, bool], Awaitable[Heard]]
"""Asks for rows in one call, which is told its id, for the first time or again; raises GatewayError."""

Observe = Callable[[Table, Interface, Columns], None]
"""Is told of rows, the contract of the version that answered them, and the outputs."""

HUNG_S = 1.0
"""A call that was given so long says something of its model when it is not answered; a hurried caller's does not."""


class Calls:
    """Have requests answered, and tell `health` how each call ended.

    A model that is lost in the middle of a call is asked for each request by itself, for one of them may be what ends
    it. One that says that it cannot answer now is asked once more, if the budget allows it. Where a call fails and one
    record may be to blame, that one is searched for. `answered` counts calls, and `answered_ms` how long they took.
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
        self.model = model
        self.ask = ask
        self.health = health
        self.budget = Budget(retries)
        self.fatal = FatalRecords(model, retries.fatal_s)
        self.metrics = metrics
        self.answered, self.answered_ms = 0, 0.0
        self.observe = observe

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

    async def attempt(
        self, pieces: Sequence[Piece], *, again: bool = False, why: str | None = None
    ) -> BackendFault | None:
        """Make one call and answer its callers; gives the failure if it may be that of one record.

        `why` is what became of the call before it, if this is not the first. Raises GatewayError where no caller can
        have an answer.
        """
        self.health.check()
        call_id = pieces[0].caller.id if len(pieces) == 1 else new_id()
        table = join([piece.table for piece in pieces])
        self.metrics.rows.asked.observe(table.rows)
        began = time.perf_counter()
        try:
            heard = await self.ask(table, call_id, again)
            self.answered += 1
            self.answered_ms += heard.call_ms
            failure = self.tell(pieces, table, heard, began, Way(table.rows, len(pieces), heard.address, why))
        except BackendFault as exc:
            failure = exc.with_traceback(None)
        except GatewayError as exc:
            self.health.failed(exc)
            raise
        except asyncio.CancelledError:
            if time.perf_counter() - began >= HUNG_S:
                self.health.failed(DeadlineExceeded(f"{self.model} does not answer in time", model=self.model))
            raise
        if failure is None:
            self.health.succeeded()
            self.fatal.note_answer(pieces)
        else:
            self.health.failed(failure)
        return failure

    def tell(self, pieces: Sequence[Piece], table: Table, heard: Heard, began: float, way: Way) -> BackendFault | None:
        """Answer callers; gives the failure if the answer is none, and it cannot be said whose rows are to blame."""
        try:
            joint = heard.judged()
        except BackendFault as exc:
            if len(pieces) == 1 or not heard.is_whole:
                return exc.with_traceback(None)
            return self.tell_apart(pieces, heard, began, way)
        joint.way = way
        self.metrics.rows.predicted += heard.rows
        at = 0
        for caller, start, stop in pieces:
            rows = stop - start
            caller.answer(start, Prediction(joint, at, at + rows, (began - caller.began) * 1000))
            at += rows
        if self.observe is not None:
            self.observe(table, joint.contract, joint.columns)
        return None

    def tell_apart(self, pieces: Sequence[Piece], heard: Heard, began: float, way: Way) -> BackendFault | None:
        """Judge the rows of each caller by themselves; gives a failure where none is answered: it is the model's."""
        start, failures = 0, list[BackendFault]()
        for piece in pieces:
            found = self.tell([piece], piece.table, heard.part(start, start + piece.rows), began, way)
            if found is not None:
                refuse([piece], found)
                failures.append(found)
            start += piece.rows
        return failures[0] if len(failures) == len(pieces) else None
