"""A plan that sends each record to the first branch whose condition holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract import Feature, Output, Table, picked
from contract.table import Array
from gateway.batching import Needs
from gateway.conditions import Condition
from gateway.errors import BackendUnavailable
from gateway.plans.answer import Answer
from gateway.plans.apart import ask_all
from gateway.plans.asked import Asked
from gateway.plans.composed import Branch, Composed, as_shown, empty, row_by_row_answer
from gateway.plans.composite import Composite
from gateway.plans.outputs import either
from gateway.plans.plan import Plan
from gateway.plans.stored import outputs_beside


class Switch(Composite):
    """Ask some plans first (`ask`), all records, and then for each record the branch of the first case that holds.

    `cases` are conditions and the names of branches; a record of which none holds goes `otherwise`. A condition names
    features, and outputs of what was asked as `plan.output`. A branch that no record goes to is not asked, and what was
    asked first is not asked again.
    """

    kind = "switch"

    def __init__(
        self,
        name: str,
        branches: Mapping[str, Plan],
        ask: Sequence[str],
        cases: Sequence[tuple[str, str]],
        otherwise: str,
    ) -> None:
        super().__init__(name, branches)
        self.ask = ask
        self.cases = cases
        self.otherwise = otherwise
        self.answering = {branch: branches[branch] for branch in (*(then for _, then in cases), otherwise)}
        number = {branch: index for index, branch in enumerate(self.answering)}
        self.takers = [number[then] for _, then in cases]
        self.other_taker = number[otherwise]
        self.conditions: Sequence[Condition] = ()

    def give(self) -> Sequence[Output]:
        """Give what any branch gives; raises ContractError also for a condition that cannot be asked."""
        known: dict[str, Any] = {feature.name: feature for feature in self.take()}
        known |= {f"{first}.{output.name}": output for first in self.ask for output in self.branches[first].outputs}
        self.conditions = [Condition(when, known) for when, _ in self.cases]
        return either(self.name, outputs_beside(self.answering))

    @property
    def told(self) -> Mapping[str, Any]:
        """Say who is asked first, and who then."""
        cases = [{"when": when, "then": then} for when, then in self.cases]
        return {"ask": list(self.ask), "cases": cases, "otherwise": self.otherwise}

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:  # noqa: ARG002
        """Ask what is to be known first, and each branch its records."""
        outputs, conditions = self.outputs, self.conditions
        first = {branch.name: branch for branch in await self.asked_of(dict.fromkeys(self.ask), table, asked)}
        places = self.places(conditions, table, first)
        there = [some(first[name], its) for name, its in places.items() if name in first]
        then = await self.asked_of({name: its for name, its in places.items() if name not in first}, table, asked)
        return row_by_row_answer(self.name, outputs, [*there, *then], table.rows, list(first.values()))

    async def asked_of(self, places: Mapping[str, Array | None], table: Table, asked: Asked) -> list[Branch]:
        """Ask branches the records at their places, None for all."""
        if not places:
            return []
        plans = [self.branches[name] for name in places]
        parts = [table if its is None else picked(table, its) for its in places.values()]
        tables = [self.part_for(plan, part) for plan, part in zip(plans, parts, strict=True)]
        answers = await ask_all(plans, tables, asked)
        found = zip(places.items(), answers, tables, strict=True)
        return [Branch(name, answer, its, where) for (name, where), answer, its in found]

    def places(
        self, conditions: Sequence[Condition], table: Table, first: Mapping[str, Branch]
    ) -> dict[str, Array | None]:
        """Give the places of the records of each branch that has some, None for all.

        Branches are numbers until then: for one row `np.select` over their names took eight times as long.
        """
        takers = np.empty(table.rows, dtype=np.intp)
        takers.fill(self.other_taker)
        try:
            columns = {name: column(name, its, table, first) for one in conditions for name, its in one.names.items()}
            for taker, condition in zip(reversed(self.takers), reversed(conditions), strict=True):
                takers[condition.holds(columns)] = taker
        except KeyError as exc:
            raise BackendUnavailable(f"what {self.name} is decided by has just changed: {exc} is missing") from exc
        counts = zip(self.answering, np.bincount(takers).tolist(), strict=False)  # none of those behind the last
        return {
            name: None if count == table.rows else np.flatnonzero(takers == number)
            for number, (name, count) in enumerate(counts)
            if count
        }


def column(name: str, field: Feature | Output, table: Table, first: Mapping[str, Branch]) -> Array:
    """Give what a condition names; of a partial answer, what is missing is null.

    Raises KeyError, and BackendUnavailable.
    """
    plan, dot, output = name.partition(".")
    if not dot:
        return table.column(name)
    columns = first[plan].answer.columns
    if output not in columns and getattr(field, "nullable", False):
        return empty(field, table.rows)
    return as_shown(field, columns[output])


def some(branch: Branch, places: Array | None) -> Branch:
    """Give some rows of what was asked first as the answer of a branch; the books have it already."""
    columns = {name: column if places is None else column[places] for name, column in branch.answer.columns.items()}
    part = branch.table if places is None else picked(branch.table, places)
    return Branch(branch.name, Composed(branch.answer.outputs, columns, [], part.rows), part, places)
