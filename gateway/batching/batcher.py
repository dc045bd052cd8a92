"""Joining concurrent requests for one model into one call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import structlog

from contract import Table, join
from gateway.batching.caller import Caller
from gateway.batching.heard import Heard
from gateway.batching.prediction import Prediction
from gateway.batching.queue import Piece, Queue
from gateway.deadline import Deadline
from gateway.errors import BackendFault, DeadlineExceeded, GatewayError, InternalError
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
        """End the calls that are under way."""
        for task in self.calls:
            task.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)

    async def carry_out(self) -> None:
        """Answer callers with one call, or find out which of them makes it fail."""
        self.starting = False
        pieces = self.queue.take()
        self.start()
        try:
            failure = await self.attempt(pieces) if pieces else None
            if failure is not None:
                await self.isolate(pieces, failure)
        except GatewayError as exc:
            refuse(pieces, exc)
        except Exception:  # nobody else would hear of it, and the callers would wait
            log.exception("a call failed", model=self.model)
            refuse(pieces, InternalError("the gateway failed; its log says why"))
        finally:
            self.calls.discard(cast(asyncio.Task[None], asyncio.current_task()))
            self.start()

    async def isolate(self, pieces: Sequence[Piece], failure: BackendFault) -> None:
        """Find whose record makes a call fail, refuse that request, and answer the others.

        One half is asked, and the half with the failure is followed: for one guilty request of n these are at most
        log2(n) calls, and one for the innocent that were not asked on the way.
        """
        guilty: BackendFault | None = failure
        while guilty is not None:
            suspects, unasked = pieces, list[Piece]()
            while len(suspects) > 1:
                half, others = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
                found = await self.again(half)
                if found is None:
                    suspects = others
                else:
                    suspects, unasked, guilty = half, [*others, *unasked], found
            refuse(suspects, guilty)
            pieces, guilty = unasked, await self.again(unasked)

    async def again(self, pieces: Sequence[Piece]) -> BackendFault | None:
        """Ask for some of the rows of a call that has failed; for nobody that waits there is no call."""
        if not any(piece.waits for piece in pieces):
            return None
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
            with Deadline(max([piece.caller.deadline for piece in pieces])):
                heard = await self.ask(table, call_id, again)
            self.metrics.predicted.inc(table.rows)
            return answer(pieces, heard, began)
        except TimeoutError as exc:
            raise DeadlineExceeded(f"{self.model} did not answer in time", model=self.model) from exc
        except BackendFault as exc:
            return exc.with_traceback(None)


def answer(pieces: Sequence[Piece], heard: Heard, began: float) -> BackendFault | None:
    """Answer callers; gives the failure if the answer is none, and it cannot be said whose rows are to blame."""
    try:
        joint = heard.judged()
    except BackendFault as exc:
        if len(pieces) == 1 or not heard.is_whole:
            return exc.with_traceback(None)
        answer_apart(pieces, heard, began)
        return None
    at = 0
    for caller, start, stop in pieces:
        rows = stop - start
        caller.answer(start, Prediction(joint, at, at + rows, (began - caller.began) * 1000))
        at += rows
    return None


def answer_apart(pieces: Sequence[Piece], heard: Heard, began: float) -> None:
    """Judge the rows of each caller by themselves."""
    start = 0
    for piece in pieces:
        found = answer([piece], heard.part(start, start + piece.rows), began)
        if found is not None:
            refuse([piece], found)
        start += piece.rows


def refuse(pieces: Sequence[Piece], error: GatewayError) -> None:
    """Give callers that wait a failure, each its own: it will carry the way that it takes."""
    for piece in pieces:
        if piece.waits:
            piece.caller.fail(error.again())
