"""A plan that answers by one plan, and has a candidate answer the same records besides, for a comparison only."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from contract import Feature, Interface, Output, RecordDecoder, Table
from gateway.batching import Needs
from gateway.errors import GatewayError
from gateway.plans.answer import Answer
from gateway.plans.asked import Asked
from gateway.plans.candidate import Candidate
from gateway.plans.composite import Composite
from gateway.plans.keys import position
from gateway.plans.plan import Plan, Told
from gateway.plans.readiness import is_ready
from gateway.settings.sides import ShadowSettings
from gateway.shadows import Watch


class Shadow(Composite):
    """Give what `of` answers, as it answers it; callers learn nothing of the candidate.

    The candidate is asked for a `sample` of the requests, after these are answered: their callers wait for nothing of
    it.
    """

    kind = "shadow"

    def __init__(self, name: str, branches: Mapping[str, Plan], settings: ShadowSettings, watch: Watch) -> None:
        super().__init__(name, branches)
        self.of = branches[settings.of]
        self.candidate = Candidate(name, self.of, branches[settings.candidate], watch)
        self.settings = settings
        self.members = self.of.members
        self.models = [name] if self.of.models == [self.of.name] else self.of.models
        self.terms = self.of.terms

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
            refused = self.candidate.fit().refused
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
            self.candidate.offer(table, answer, asked, (time.perf_counter() - began) * 1000)
        return answer
