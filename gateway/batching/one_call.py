"""One call to a model for the rows of joined requests, and what it answers to each of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from contract import Columns, Interface, Table, join
from gateway.batching.fatal import FatalRecords
from gateway.batching.filling import Piece
from gateway.batching.health import Health
from gateway.batching.heard import Heard
from gateway.batching.isolation import refuse
from gateway.batching.prediction import Prediction
from gateway.batching.way import Way
from gateway.errors import BackendFault, DeadlineExceeded, GatewayError
from gateway.metrics import BatchMetrics
from oip.asgi import new_id

Ask = Callable[[Table, str, bool], Awaitable[Heard]]
"""Asks for rows in one call, which is told its id, for the first time or again; raises GatewayError."""

Observe = Callable[[Table, Interface, Columns], None]
"""Is told of rows, the contract of the version that answered them, and the outputs."""

HUNG_S = 1.0
"""A call that was given so long says something of its model when it is not answered; a hurried caller's does not."""


class OneCall:
    """Make calls, one at a time for its callers, and tell `health` how each ended.

    `answered` counts calls, and `answered_ms` how long they took.
    """

    def __init__(
        self,
        model: str,
        ask: Ask,
        health: Health,
        fatal: FatalRecords,
        metrics: BatchMetrics,
        *,
        observe: Observe | None,
    ) -> None:
        self.model = model
        self.ask = ask
        self.health = health
        self.fatal = fatal
        self.metrics = metrics
        self.observe = observe
        self.answered, self.answered_ms = 0, 0.0

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
