"""Who waits for a model: one request at one backend, and what it waits for at all of its backends."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol, cast

from contract import Table
from gateway.batching.prediction import Part, Prediction, put_together
from gateway.deadline import has_passed
from gateway.errors import BackendUnavailable, DeadlineExceeded, GatewayError
from gateway.tracing import RequestSpan


class Reply:
    """Hold what one request waits for: a part of the answer from each that it asks, or the first failure."""

    __slots__ = ("future", "parts", "unanswered")

    def __init__(self, models: int) -> None:
        self.future: asyncio.Future[list[Part | None]] = asyncio.get_running_loop().create_future()
        self.parts: list[Part | None] = [None] * models
        self.unanswered = models

    def answer(self, index: int, part: Part) -> None:
        """Take what one of them answered."""
        self.parts[index] = part
        self.unanswered -= 1
        if not self.unanswered and not self.future.done():
            self.future.set_result(self.parts)

    def fail(self, index: int, error: GatewayError) -> None:  # noqa: ARG002 (it matters where others may be missing)
        """End the waiting with the failure of one model."""
        self.future.set_exception(error)


class Caller:
    """Hold the checked rows of one request for one model.

    `deadline` is in the loop's time; callers of one `address` share its turns. Nobody waits any more (`gone`) once the
    model has answered or failed, after the deadline, and when another model has failed that the request cannot do
    without. `span` is set where calls are traced.
    """

    span: RequestSpan | None

    __slots__ = ("address", "began", "deadline", "ended", "id", "index", "parts", "reply", "span", "table", "taken")

    def __init__(
        self, reply: Reply, index: int, table: Table, request_id: str, deadline: float, *, address: str = ""
    ) -> None:
        self.reply = reply
        self.index = index
        self.table = table
        self.id = request_id
        self.deadline = deadline
        self.address = address
        self.began = time.perf_counter()
        self.taken = 0
        self.ended = False
        self.parts: dict[int, Prediction] = {}

    @property
    def gone(self) -> bool:
        """Say that nobody waits for this any more."""
        return self.ended or self.reply.future.done()

    @property
    def left(self) -> int:
        """Count the rows that no call has taken yet."""
        return self.table.rows - self.taken

    def answer(self, start: int, prediction: Prediction) -> None:
        """Take the prediction of the rows from `start` on; with the last of them the model has answered."""
        if prediction.stop - prediction.start == self.table.rows:
            self.ended = True
            self.reply.answer(self.index, prediction)
            return
        self.parts[start] = prediction
        if sum(part.stop - part.start for part in self.parts.values()) < self.table.rows:
            return
        parts = [part for _, part in sorted(self.parts.items())]
        if len({part.version for part in parts}) > 1:
            model = prediction.model
            self.fail(BackendUnavailable(f"{model} has just changed its version, in the middle of this", model=model))
        else:
            self.answer(0, put_together(parts))

    def fail(self, error: GatewayError) -> None:
        """End the waiting for this model with a failure; the first one counts."""
        if not self.gone:
            self.ended = True
            self.reply.fail(self.index, error)


class Answerer(Protocol):
    """Whoever has callers answered: those of one model, or of a plan."""

    def submit(self, caller: Caller) -> None:
        """Have a caller answered, or refuse it."""

    def forsake(self) -> None:
        """Look whether there is work that nobody waits for any more."""

    async def name(self) -> str:
        """Name who did not answer in time, once that work has ended."""


async def all_parts(
    answerers: Sequence[Answerer],
    tables: Sequence[Table],
    request_id: str,
    deadline: float,
    address: str = "",
) -> list[Part]:
    """Hand the rows of one request to each that it asks, and wait for all of them or for the first failure.

    Where the deadline ends the waiting, the failure names who has not answered.
    """
    reply = Reply(len(answerers))
    for index, answerer in enumerate(answerers):
        if reply.future.done():
            break  # one has refused already, and who waits at the next is not to make room for nobody
        answerer.submit(Caller(reply, index, tables[index], request_id, deadline, address=address))
    future = reply.future
    try:
        return cast(list[Part], await future)
    except asyncio.CancelledError:
        await leave(answerers, reply.parts, deadline)
        raise
    except BaseException:
        forsake(answerers)
        raise
    finally:
        del reply, future  # an error holds this frame, which may not hold the error


def forsake(answerers: Sequence[Answerer]) -> None:
    """Have each of them look whether anybody waits."""
    for answerer in answerers:
        answerer.forsake()


async def leave(answerers: Sequence[Answerer], parts: Sequence[Part | None], deadline: float) -> None:
    """Forsake them as who waited is cancelled; where it is the deadline that cancels, raises DeadlineExceeded.

    That names who has not answered, and of several none as the one to blame; nobody where the last answer came in the
    same turn of the event loop, and nothing is made of it any more.
    """
    forsake(answerers)
    if has_passed(deadline):
        late = [await one.name() for one, part in zip(answerers, parts, strict=True) if part is None]
        names = list(dict.fromkeys(late))
        blamed = names[0] if len(names) == 1 else None
        told = f"{' and '.join(names)} did not answer in time" if names else "the answer came too late"
        raise DeadlineExceeded(told, model=blamed) from None
