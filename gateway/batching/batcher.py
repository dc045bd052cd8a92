"""Joining concurrent requests for one model into one call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import structlog

from contract import Table, join
from gateway.batching.caller import Caller
from gateway.batching.heard import Heard
from gateway.batching.isolation import isolate, refuse
from gateway.batching.prediction import Prediction
from gateway.batching.queue import Piece, Queue
from gateway.deadline import Deadline
from gateway.errors import BackendAbsent, BackendFault, DeadlineExceeded, GatewayError, InternalError
from gateway.metrics import BatchMetrics
from oip.asgi import new_id

Ask = Callable[[Table, str, bool], Awaitable[Heard]]
"""Asks for rows in one call, which is told its id, for the first time or again; raises GatewayError."""

log = structlog.get_logger()


class Batcher:
    """Keep as many calls under way as `concurrency`; what comes meanwhile joins the next one.

    Nothing waits while nothing is under way, but for what else comes in the same turn of the event loop. A call ends
    at the latest deadline of its callers, and each of them leaves at its own.
    """

    def __init__(self, model: str, ask: Ask, concurrency: int, most_rows: int, metrics: BatchMetrics) -> None:
        self.model = model
        self.ask = ask
        self.concurrency = concurrency
        self.queue = Queue(most_rows)
        self.metrics = metrics
        self.starting = False
        self.calls: set[asyncio.Task[None]] = set()

    def submit(self, caller: Caller) -> None:
        """Have a caller answered."""
        self.queue.append(caller)
        self.start()

    def start(self) -> None:
        """Begin a call if something waits and one more may be under way; it takes what is there in the next turn."""
        if self.queue.callers and not self.starting and len(self.calls) < self.concurrency:
            self.starting = True
            self.calls.add(asyncio.get_running_loop().create_task(self.carry_out()))

    async def close(self) -> None:
        """End the calls that are under way, and begin no other."""
        self.queue.callers.clear()
        for task in self.calls:
            task.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)

    async def carry_out(self) -> None:
        """Answer callers with one call, or find out which of them make it fail."""
        self.starting = False
        pieces = self.queue.take()
        self.start()
        try:
            if pieces:
                with Deadline(max([piece.caller.deadline for piece in pieces])):
                    failure = await self.attempt(pieces)
                    if failure is not None:
                        await isolate(pieces, failure, self.again)
        except TimeoutError:
            refuse(pieces, DeadlineExceeded(f"{self.model} did not answer in time", model=self.model))
        except BackendAbsent as exc:
            # An attempt to connect takes up to half a second: who came meanwhile is not to wait for another one.
            while pieces:
                refuse(pieces, exc)
                pieces = self.queue.take()
        except GatewayError as exc:
            refuse(pieces, exc)
        except Exception:  # nobody else would hear of it, and the callers would wait
            log.exception("a call failed", model=self.model)
            refuse(pieces, InternalError("the gateway failed; its log says why"))
        finally:
            self.calls.discard(cast(asyncio.Task[None], asyncio.current_task()))
            self.start()

    async def again(self, pieces: Sequence[Piece]) -> BackendFault | None:
        """Ask for some of the rows of a call that has failed."""
        self.metrics.isolation_calls.inc()
        return await self.attempt(pieces, again=True)

    async def attempt(self, pieces: Sequence[Piece], *, again: bool = False) -> BackendFault | None:
        """Make one call and answer its callers; gives the failure if it may be that of one record.

        Raises GatewayError where no caller can have an answer.
        """
        call_id = pieces[0].caller.id if len(pieces) == 1 else new_id()
        table = join([piece.table for piece in pieces])
        self.metrics.rows.observe(table.rows)
        began = time.perf_counter()
        try:
            return self.answer(pieces, await self.ask(table, call_id, again), began)
        except BackendFault as exc:
            return exc.with_traceback(None)

    def answer(self, pieces: Sequence[Piece], heard: Heard, began: float) -> BackendFault | None:
        """Answer callers; gives the failure if the answer is none, and it cannot be said whose rows are to blame."""
        try:
            joint = heard.judged()
        except BackendFault as exc:
            if len(pieces) == 1 or not heard.is_whole:
                return exc.with_traceback(None)
            self.answer_apart(pieces, heard, began)
            return None
        self.metrics.predicted.inc(heard.rows)
        at = 0
        for caller, start, stop in pieces:
            rows = stop - start
            caller.answer(start, Prediction(joint, at, at + rows, (began - caller.began) * 1000))
            at += rows
        return None

    def answer_apart(self, pieces: Sequence[Piece], heard: Heard, began: float) -> None:
        """Judge the rows of each caller by themselves."""
        start = 0
        for piece in pieces:
            found = self.answer([piece], heard.part(start, start + piece.rows), began)
            if found is not None:
                refuse([piece], found)
            start += piece.rows
