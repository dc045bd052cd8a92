"""A plan that sends each request, or each record, to one of several others, by weights."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract import ContractError, Output, Table
from contract.table import from_column
from gateway.batching import Needs
from gateway.errors import GatewayError
from gateway.plans.answer import Answer
from gateway.plans.apart import ask_each
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch
from gateway.plans.composed import row_by_row_answer
from gateway.plans.composite import Composite
from gateway.plans.fit import all_told, is_known, misfit
from gateway.plans.keys import Sides
from gateway.plans.outputs import either
from gateway.plans.plan import Plan, Told
from gateway.plans.readiness import is_ready
from gateway.settings.sides import SplitSettings
from gateway.sides import SidesReport, is_own


class Split(Composite):
    """Ask one side for each key: a side with half of the weights has half of the keys, and keeps them.

    A key is what the settings say (`by`): the `caller`, a `header NAME`, a `feature NAME`, or the id of the `request`.
    A request without that header is keyed by its caller. What the sides answer is counted in `report`.
    """

    kind = "split"

    def __init__(self, name: str, branches: Mapping[str, Plan], settings: SplitSettings, report: SidesReport) -> None:
        super().__init__(name, branches)
        self.sides = Sides(name, settings.weights)
        self.by = settings.by
        self.what, _, self.field = settings.by.partition(" ")
        self.report = report

    def give(self) -> Sequence[Output]:
        """Give what any side gives; raises ContractError where they do not mean the same."""
        if self.what == "feature" and self.field not in {feature.name for feature in self.take()}:
            all_told(self.branches.values())
            raise ContractError(f"{self.field}: {self.name} is split by it, and no side reads it")
        return either(self.name, {name: plan.outputs for name, plan in self.taking_part.items()})

    @property
    def taking_part(self) -> Mapping[str, Plan]:
        """Give the sides that are known: who never answered costs the keys of the others nothing."""
        return {name: plan for name, plan in self.branches.items() if is_known(plan)} or self.branches

    def ready(self, told: Told) -> bool:
        """Say whether all sides that are asked can answer now, and fit each other."""
        asked = [self.branches[side] for side, weight in self.sides.weights.items() if weight]
        return misfit(self) is None and all(is_ready(plan, told) for plan in asked)

    @property
    def told(self) -> dict[str, Any]:
        """Say who gets how much, and by what."""
        return {"weights": self.sides.weights, "by": self.by}

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:  # noqa: ARG002
        """Ask the side of the request, or each side its records."""
        form = self.form
        return row_by_row_answer(self.name, form, await self.counted(table, asked), table.rows)

    async def counted(self, table: Table, asked: Asked) -> list[Branch]:
        """Ask sides, and count what they answered or that they failed.

        To count costs a request of one row 2 to 3 microseconds where it has two outputs, and one of 10,000 rows 100.
        """
        sides = self.sides_of(table, asked)
        began = time.perf_counter()
        try:
            found = await ask_each(self.branches, sides, table, asked)
        except GatewayError as exc:
            if is_own(exc):
                self.report.failed(whose(exc, {side: self.branches[side] for side in sides}), exc.reason)
            raise
        ms = 1000 * (time.perf_counter() - began)
        for side, answer, its, _ in found:
            plan = self.branches[side]
            version = self.report.answered(side, version_of(plan, answer), its.rows)
            outputs = () if version.outputs else outputs_of(plan, answer)
            version.add(outputs, answer.share, ms)
        return found

    def sides_of(self, table: Table, asked: Asked) -> dict[str, Any]:
        """Give the sides that are asked, each with the places of its records, None for all."""
        if self.what != "feature":
            return {self.sides.of(self.key_of(asked)): None}
        feature = table.features.by_name[self.field]
        places = defaultdict[str, list[int]](list)
        for index, value in enumerate(from_column(feature, table.column(self.field))):
            places[self.sides.of(str(value))].append(index)
        return {side: np.array(its) if len(its) < table.rows else None for side, its in places.items()}

    def key_of(self, asked: Asked) -> str:
        """Give the key of a request."""
        if self.what == "request":
            return asked.id
        return (asked.header(self.field) if self.what == "header" else None) or asked.behind or asked.caller


def whose(error: GatewayError, asked: Mapping[str, Plan]) -> list[str]:
    """Name the sides that a failure is of: those that are or ask who is named, or all where nobody is."""
    found = [side for side, plan in asked.items() if error.model in (side, *[one.name for one in plan.members])]
    return found or list(asked)


def outputs_of(plan: Plan, answer: Answer) -> Sequence[Output]:
    """Give the outputs that a version is counted by: of all, whoever is missing now, and as the one that answered says.

    While a model changes, what is known of it may be of another version than the one that answered.
    """
    if not plan.branches:
        return answer.outputs
    known, given = ({output.name: output for output in its} for its in (plan.outputs, answer.outputs))
    return list({**known, **given}.values())


def version_of(plan: Plan, answer: Answer) -> str:
    """Name the version that answered, or those of all models that may: not each request needs the same of them.

    Else a switch or a fallback would be another version with each way that a request goes. A model that has not told
    its contract has none yet.
    """
    if answer.version is not None:
        return answer.version
    versions = {one.name: one.current.version if one.current else "" for one in plan.members}
    for one in answer.predictions:
        versions[one.model] = one.version
    return ",".join([f"{model}={version}" for model, version in versions.items()])
