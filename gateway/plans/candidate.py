"""The candidate of a shadow: it is asked the records of callers who have their answers, and compared with these."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog

from contract import Table
from gateway.errors import BackendUnknown, DeadlineExceeded, GatewayError, InternalError
from gateway.plans.agreed import names_of_ways
from gateway.plans.answer import Answer
from gateway.plans.apart import answer_of, part_for
from gateway.plans.asked import Asked
from gateway.plans.copied import first_rows, rows_of, taken
from gateway.plans.plan import Plan
from gateway.shadows import REFUSED, Answered, Comparison, Fit, Versions, Watch, fit

PATIENCE_S = 5.0
"""The candidate has so long for a request, whatever its caller's deadline was."""

log = structlog.get_logger()


class Candidate:
    """Ask a `plan` what `of` has answered, as far as the `watch` has room, which is told what comes of it.

    Where both ask the same backend, it is left out while rows wait there.
    """

    def __init__(self, route: str, of: Plan, plan: Plan, watch: Watch) -> None:
        self.route = route
        self.of = of
        self.plan = plan
        self.watch = watch
        self.shared = [one for one in plan.members if one in of.members]
        self.fitted: tuple[Sequence[Any], Fit] | None = None

    def offer(self, table: Table, answer: Answer, asked: Asked, ms: float) -> None:
        """Have it asked, unless there is no room: then the request is dropped and counted."""
        rows = rows_of(table)
        if self.watch.has_room(rows) and not any(one.batcher.queue.held for one in self.shared):
            self.watch.begin(rows, self.compare(table, answer, asked, ms))
        else:
            self.watch.drop()

    def fit(self) -> Fit:
        """Say what can be compared; derived anew when one changes its contract. Raises GatewayError."""
        by = (self.of.features, self.of.outputs, self.plan.features, self.plan.outputs)
        if self.fitted is None or any(one is not known for one, known in zip(by, self.fitted[0], strict=True)):
            features, outputs, reads, gives = by
            # By which of its own branches `of` answered is nothing that a candidate lacks.
            ways = names_of_ways((self.of,)) - {output.name for output in gives}
            compared = [output for output in outputs if output.type != "category" or output.name not in ways]
            self.fitted = by, fit(features, compared, reads, gives)
        return self.fitted[1]

    @property
    def versions(self) -> Versions:
        """Name the models and versions of both; raises GatewayError."""
        was, now = (tuple((one.name, one.version) for one in plan.contracts) for plan in (self.of, self.plan))
        return was, now

    async def compare(self, table: Table, answer: Answer, asked: Asked, ms: float) -> None:
        """Ask it, and note what comes of that; nothing of one that a change of the settings dropped."""
        if self.is_left:
            return
        watch = self.watch
        try:
            fitting, versions = self.fit(), self.versions
        except GatewayError as exc:
            watch.refuse(BackendUnknown.reason, str(exc))
            return
        if fitting.refused is not None:
            watch.refuse(REFUSED, fitting.refused)
            return
        comparison = watch.comparison(versions, fitting)
        # What was asked and answered may hold much more than these rows: the rest is not to wait for the candidate.
        table = first_rows(table)
        was = taken(answer, comparison, table.rows)
        del answer
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_S):
                theirs = await self.ask(table, asked)
            if was is not None and (now := taken(theirs, comparison, table.rows)) is not None:
                comparison.again += any(one.joint.way is not None and one.joint.way.again for one in theirs.predictions)
                now_ms = (time.perf_counter() - began) * 1000
                watch.add(comparison, Answered(asked.id, table.rows, was, now), ms, now_ms)
        except TimeoutError:
            self.fail(comparison, DeadlineExceeded.reason, f"no answer within {PATIENCE_S:g} s")
        except GatewayError as exc:
            self.fail(comparison, exc.reason, str(exc))
        except Exception:  # nobody else would hear of it
            if InternalError.reason not in comparison.failures:
                log.exception("a candidate could not be compared", route=self.route)
            watch.fail(comparison, InternalError.reason, "the gateway failed; its log says why")

    async def ask(self, table: Table, asked: Asked) -> Answer:
        """Ask it, which has its turns as a caller of its own, and splits by the caller of the request."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        own = Asked(asked.id, f"shadow {self.route}", deadline, asked.headers, asked.behind or asked.caller)
        return await answer_of(self.plan, part_for(self.plan, table), own)

    @property
    def is_left(self) -> bool:
        """Say that it asks a backend that the settings have no more: that is closed without regard to it."""
        return any(member.retired for member in self.plan.members)

    def fail(self, comparison: Comparison, reason: str, text: str) -> None:
        """Count a failure, unless it is that of a change."""
        if not self.is_left:
            self.watch.fail(comparison, reason, text)
