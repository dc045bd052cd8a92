"""Waiting for several models where the answer may do without some of them."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from contract import Table
from gateway.batching.caller import Answerer, Caller, Reply, forsake, leave
from gateway.batching.prediction import Part
from gateway.errors import DeadlineExceeded, GatewayError

LEAVE_S, LEAVE_S_PER_ROW, MOST_OF_REST = 0.05, 20e-6, 0.1
"""What is left of a deadline to write the answer in: some times what that takes, but a tenth of the time at most."""


class Needs(NamedTuple):
    """Say which models are asked, which of them must answer, by their places, and how many in all."""

    models: Sequence[str]
    require: frozenset[int]
    quorum: int


class PartialReply(Reply):
    """Hold the same, where a failure ends the waiting only if the needs cannot be met any more."""

    __slots__ = ("failures", "needs")

    def __init__(self, needs: Needs) -> None:
        super().__init__(len(needs.models))
        self.needs = needs
        self.failures: dict[int, GatewayError] = {}

    def answer(self, index: int, part: Part) -> None:
        """Take what one of them answered, unless it comes too late: what is there may be on its way already."""
        if index not in self.failures and not self.future.done():
            super().answer(index, part)

    def fail(self, index: int, error: GatewayError) -> None:
        """Do without a model, or end with its failure."""
        self.failures[index] = error
        self.unanswered -= 1
        if index in self.needs.require or len(self.needs.models) - len(self.failures) < self.needs.quorum:
            self.future.set_exception(error)
        elif not self.unanswered:
            self.future.set_result(self.parts)

    def expire(self) -> None:
        """Do without all models that have not answered yet."""
        for index, model in enumerate(self.needs.models):
            if self.parts[index] is None and index not in self.failures and not self.future.done():
                self.fail(index, DeadlineExceeded(f"{model} did not answer in time", model=model))


async def some_parts(
    answerers: Sequence[Answerer],
    tables: Sequence[Table],
    request_id: str,
    deadline: float,
    needs: Needs,
    *,
    address: str = "",
) -> tuple[list[Part | None], dict[str, GatewayError]]:
    """Do what `all_parts` does; gives what there is shortly before the deadline, and why each other is missing.

    Raises the failure after which the needs could not be met.
    """
    loop = asyncio.get_running_loop()
    reply = PartialReply(needs)
    rest = max(0.0, deadline - loop.time())
    patience = deadline - time_to_write(rest, tables[0].rows)
    for index, answerer in enumerate(answerers):
        if reply.future.done():
            break
        answerer.submit(Caller(reply, index, tables[index], request_id, patience, address=address))
    timer = loop.call_at(patience, reply.expire)
    try:
        return await reply.future, {needs.models[index]: error for index, error in sorted(reply.failures.items())}
    except asyncio.CancelledError:
        await leave(answerers, reply.parts, deadline)
        raise
    finally:
        timer.cancel()
        forsake(answerers)
        del reply, timer  # an error holds this frame, which may not hold the error


def time_to_write(rest: float, rows: int) -> float:
    """Give what is left of the rest of a request's time for writing its answer, in seconds."""
    return min(LEAVE_S + LEAVE_S_PER_ROW * rows, MOST_OF_REST * rest)
