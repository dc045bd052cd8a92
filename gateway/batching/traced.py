"""Batcher and calls with a span for each call."""

from collections.abc import Sequence
from typing import Any

from contract import Table
from gateway.batching.batcher import Batcher
from gateway.batching.caller import Caller
from gateway.batching.calls import Calls
from gateway.batching.filling import Piece
from gateway.batching.heard import Heard
from gateway.batching.one_call import Ask
from gateway.errors import BackendFault, GatewayError
from gateway.tracing import CALL, REQUEST, Tracing

CALL_ID = "bentogate.call_id"

ABANDONED = "abandoned"
"""Nobody waited for the call any more."""


class TracedBatcher(Batcher):
    """Note which request each caller is."""

    def submit(self, caller: Caller) -> None:
        """Do so while its task runs."""
        caller.span = REQUEST.get()
        super().submit(caller)


class TracedCalls(Calls):
    """Make a span of every call that is sent."""

    def __init__(self, tracing: Tracing, model: str, ask: Ask, *others: Any, **more: Any) -> None:
        super().__init__(model, self.asked, *others, **more)
        self.tracing = tracing
        self.send = ask

    async def attempt(
        self, pieces: Sequence[Piece], *, again: bool = False, why: str | None = None
    ) -> BackendFault | None:
        """Make one call."""
        callers = {id(piece.caller): piece.caller for piece in pieces}.values()  # one may have two pieces
        span = self.tracing.begin_call([caller.span for caller in callers if caller.span is not None])
        span.attributes |= {"bentogate.model": self.model, "bentogate.requests": len(callers)}
        if why is not None:
            span.attributes["bentogate.again"] = why
        token = CALL.set(span)
        failed: str | None = ABANDONED
        try:
            failure = await super().attempt(pieces, again=again, why=why)
            failed = None if failure is None else failure.reason
        except GatewayError as exc:
            failed = exc.reason
            raise
        else:
            return failure
        finally:
            CALL.reset(token)
            if span.context.sampled and CALL_ID in span.attributes:  # an open breaker lets none be sent
                self.tracing.end_call(span, f"call {self.model}", failed)

    async def asked(self, table: Table, call_id: str, again: bool) -> Heard:
        """Send one call, and note what is told of it."""
        span = CALL.get()
        assert span is not None
        span.attributes |= {CALL_ID: call_id, "bentogate.rows": table.rows}
        heard = await self.send(table, call_id, again)
        span.attributes["bentogate.version"] = heard.contract.version
        if heard.compute_ms is not None:
            span.attributes["bentogate.ms.compute"] = heard.compute_ms
        if heard.address is not None:
            span.attributes["server.address"] = heard.address
        return heard
