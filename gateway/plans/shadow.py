"""A plan that answers by one plan, and has a candidate answer the same records besides, for a comparison only."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from contract import Feature, Interface, Output, RecordDecoder, Table
from gateway.batching import Needs
from gateway.errors import BackendUnknown, DeadlineExceeded, GatewayError, InternalError
from gateway.plans.agreed import names_of_ways
from gateway.plans.answer import Answer
from gateway.plans.apart import answer_of, part_for
from gateway.plans.asked import Asked
from gateway.plans.composite import Composite
from gateway.plans.copied import first_rows, rows_of, taken
from gateway.plans.keys import position
from gateway.plans.plan import Plan, Told
from gateway.plans.readiness import is_ready
from gateway.settings.sides import ShadowSettings
from gateway.shadows import REFUSED, Answered, Comparison, Fit, Versions, Watch, fit

PATIENCE_S = 5.0
"""The candidate has so long for a request, whatever its caller's deadline was."""

log = structlog.get_logger()


class Shadow(Composite):
    """Give what `of` answers, as it answers it; callers learn nothing of the candidate.

    The candidate is asked for a `sample` of the requests, after these are answered: their callers wait for nothing of
    it, and it is bounded by the watch. Where both ask the same backend, it is left out while rows wait there.
    """

    kind = "shadow"

    def __init__(self, name: str, branches: Mapping[str, Plan], settings: ShadowSettings, watch: Watch) -> None:
        super().__init__(name, branches)
        self.of, self.candidate = branches[settings.of], branches[settings.candidate]
        self.settings = settings
        self.watch = watch
        self.members = self.of.members
        self.models = [name] if self.of.models == [self.of.name] else self.of.models
        self.terms = self.of.terms
        self.shared = [one for one in self.candidate.members if one in self.of.members]
        self.fitted: tuple[Sequence[Any], Fit] | None = None

    def give(self) -> Sequence[Output]:
        """Give what callers get."""
        return self.of.outputs

    @property
    def contracts(self) -> list[Interface]:
        """Give the contracts of those whose answers callers get."""
        return self.of.contracts

    @property
    def features(self) -> tuple[Feature, ...]:
        """Give what these need of a record: callers are asked nothing for the candidate."""
        return self.of.features

    @property
    def outputs(self) -> Sequence[Output]:
        """Give what they give."""
        return self.of.outputs

    @property
    def decoder(self) -> RecordDecoder:
        """Give their reader of records."""
        return self.of.decoder

    @property
    def told(self) -> Mapping[str, Any]:
        """Say who is who, and why the candidate is not asked, if it is not."""
        asked = {"of": self.settings.of, "candidate": self.settings.candidate, "sample": self.settings.sample}
        try:
            refused = self.fit().refused
        except GatewayError as exc:
            refused = str(exc)
        return {**asked, "refused": refused} if refused else asked

    def ready(self, told: Told) -> bool:
        """Say whether callers can be answered now."""
        return is_ready(self.of, told)

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:
        """Answer, and have the candidate asked later."""
        began = time.perf_counter()
        answer = await self.of.answer(table, asked, needs)
        sample = self.settings.sample
        if sample == 1 or position(self.name, asked.id) < sample:
            self.offer(table, answer, asked, (time.perf_counter() - began) * 1000)
        return answer

    def offer(self, table: Table, answer: Answer, asked: Asked, ms: float) -> None:
        """Have the candidate asked, unless there is no room: then the request is dropped and counted."""
        rows = rows_of(table)
        if self.watch.has_room(rows) and not any(one.batcher.queue.held for one in self.shared):
            self.watch.begin(rows, self.compare(table, answer, asked, ms))
        else:
            self.watch.drop()

    def fit(self) -> Fit:
        """Say what can be compared; derived anew when one changes its contract. Raises GatewayError."""
        by = (self.of.features, self.of.outputs, self.candidate.features, self.candidate.outputs)
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
        was, now = (tuple((one.name, one.version) for one in plan.contracts) for plan in (self.of, self.candidate))
        return was, now

    async def compare(self, table: Table, answer: Answer, asked: Asked, ms: float) -> None:
        """Ask the candidate, and note what comes of it; nothing of one that a change of the settings dropped."""
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
                log.exception("a candidate could not be compared", route=self.name)
            watch.fail(comparison, InternalError.reason, "the gateway failed; its log says why")

    @property
    def is_left(self) -> bool:
        """Say that the candidate asks a backend that the settings have no more: it is closed without regard to it."""
        return any(member.retired for member in self.candidate.members)

    def fail(self, comparison: Comparison, reason: str, text: str) -> None:
        """Count a failure of the candidate, unless it is that of a change."""
        if not self.is_left:
            self.watch.fail(comparison, reason, text)

    async def ask(self, table: Table, asked: Asked) -> Answer:
        """Ask the candidate, which has its turns as a caller of its own, and splits by the caller of the request."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        own = Asked(asked.id, f"shadow {self.name}", deadline, asked.headers, asked.behind or asked.caller)
        return await answer_of(self.candidate, part_for(self.candidate, table), own)
