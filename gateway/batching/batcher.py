"""Joining concurrent requests for one model into one call."""

import asyncio
import time

import structlog

from gateway.batching.caller import Caller
from gateway.batching.calls import Calls
from gateway.batching.isolation import refuse
from gateway.batching.queue import Queue
from gateway.batching.under_way import UnderWay
from gateway.errors import BackendAbsent, BackendUnavailable, BreakerOpen, GatewayError, InternalError, Overloaded

log = structlog.get_logger()


class Batcher:
    """Keep as many calls under way as `concurrency`; what comes meanwhile joins the next one.

    Nothing waits while nothing is under way, but for what else comes in the same turn of the event loop. A call has no
    deadline: each caller leaves at its own, and with the last of them it ends.
    """

    def __init__(self, calls: Calls, concurrency: int, queue: Queue) -> None:
        self.calls = calls
        self.concurrency = concurrency
        self.queue = queue
        self.starting = False
        self.under_way: set[UnderWay] = set()

    def submit(self, caller: Caller) -> None:
        """Have a caller answered, or refuse it or others where more wait than may."""
        if self.calls.fatal.known and (error := self.calls.fatal.find(caller.table)):
            caller.fail(error)
            return
        for refused in self.queue.append(caller):
            refused.fail(Overloaded(f"{self.calls.model} has more to do than it can", model=self.calls.model))
        self.start()

    def start(self) -> None:
        """Begin a call if something waits and one more may be under way; it takes what is there in the next turn."""
        if self.queue.held and not self.starting and len(self.under_way) < self.concurrency:
            self.starting = True
            call = UnderWay()
            self.under_way.add(call)
            call.task = asyncio.get_running_loop().create_task(self.carry_out(call))

    def forsake(self) -> None:
        """End the calls that nobody waits for any more; whoever leaves says so."""
        for call in self.under_way:
            call.look()

    async def name(self) -> str:
        """Name the model."""
        return self.calls.model

    async def close(self) -> None:
        """End the calls that are under way, and begin no other; who still waits, as shadows may, fails at once."""
        waiting = [caller for line in self.queue.lines.values() for caller in line.callers]
        waiting += [piece.caller for call in self.under_way for piece in call.pieces]
        self.queue.clear()
        tasks = [call.task for call in self.under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for caller in waiting:
            caller.fail(BackendUnavailable(f"{self.calls.model} is asked no more", model=self.calls.model))

    async def carry_out(self, call: UnderWay) -> None:
        """Have those answered who wait, as many as one call may have."""
        self.starting = False
        pieces, model = self.queue.take(), self.calls.model
        call.pieces = pieces
        is_full, began = self.queue.took_many, time.perf_counter()
        self.start()
        try:
            if pieces:
                await self.calls.answer(pieces)
                if is_full:
                    self.queue.note_full_call((time.perf_counter() - began) / self.concurrency)
        except (BackendAbsent, BreakerOpen) as exc:
            # An attempt to connect takes up to half a second: who came meanwhile is not to wait for another one.
            while pieces:
                refuse(pieces, exc)
                pieces = self.queue.take()
            self.forsake()
        except GatewayError as exc:
            refuse(pieces, exc)
            self.forsake()  # of a request that is cut another part may be under way
        except Exception:  # nobody else would hear of it, and the callers would wait
            log.exception("a call failed", model=model)
            refuse(pieces, InternalError("the gateway failed; its log says why"))
        finally:
            self.under_way.discard(call)
            del call  # a task that was cancelled holds this frame, which may not hold the task
            self.start()
