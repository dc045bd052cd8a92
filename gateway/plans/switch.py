"""A plan that sends each record to the first branch whose condition holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract import Feature, Output, Table, picked
from contract.table import Array, Columns
from gateway.batching import Needs
from gateway.conditions import Condition, names_of, read
from gateway.errors import BackendUnavailable
from gateway.plans.answer import Answer
from gateway.plans.apart import ask_each
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch, shares_of
from gateway.plans.composed import Composed, as_shown, empty, row_by_row_answer
from gateway.plans.composite import Composite
from gateway.plans.fit import all_told, is_known
from gateway.plans.formed import alone, once
from gateway.plans.nested import Form
from gateway.plans.outputs import either
from gateway.plans.plan import Plan
from gateway.plans.stored import Stored, outputs_beside
from gateway.settings.branches import SwitchSettings
from gateway.settings.stored import name_of


class Switch(Composite):
    """Ask some plans first (`ask`), all records, and then for each record the branch of the first case that holds.

    A record of which no condition holds goes `otherwise`. A condition names features, and outputs of what was asked as
    `plan.output`. A branch that no record goes to is not asked, and what was asked first is not asked again.
    """

    kind = "switch"

    def __init__(self, name: str, branches: Mapping[str, Plan], settings: SwitchSettings) -> None:
        super().__init__(name, branches)
        self.ask = settings.ask
        self.cases = [(case.when, name_of(case.then)) for case in settings.cases]
        *thens, self.otherwise = map(name_of, settings.answering)
        self.answering = {branch: branches[branch] for branch in (*thens, self.otherwise)}
        self.names = list(self.answering)
        self.takes = [self.names.index(then) for then in thens]
        self.other_taker = self.names.index(self.otherwise)
        self.conditions: Sequence[Condition] = ()
        self.by_first = False

    def give(self) -> Sequence[Output]:
        """Give what any branch gives; raises ContractError also for a condition that cannot be asked."""
        known: dict[str, Any] = {feature.name: feature for feature in self.take()}
        known |= {f"{first}.{output.name}": output for first in self.ask for output in self.branches[first].outputs}
        if not all(name in known for when, _ in self.cases for name in names_of(read(when))):
            all_told(self.branches.values())
        self.conditions = [Condition(when, known) for when, _ in self.cases]
        self.by_first = all("." in name for condition in self.conditions for name in condition.names)
        taking = self.taking_part
        answering = {name: plan for name, plan in self.answering.items() if name in taking}
        return either(self.name, outputs_beside(answering, all_known=not self.takes_others))

    @property
    def taking_part(self) -> Mapping[str, Plan]:
        """Give who is asked first, and the branches that are known: who never answered costs the others nothing."""
        models = {name for name, plan in self.answering.items() if not isinstance(plan, Stored)}
        known = {name for name, plan in self.branches.items() if is_known(plan)}
        if models and not models & known:
            return self.branches
        return {name: plan for name, plan in self.branches.items() if name in known or name in self.ask}

    @property
    def told(self) -> Mapping[str, Any]:
        """Say who is asked first, and who then."""
        cases = [{"when": when, "then": then} for when, then in self.cases]
        return {"ask": list(self.ask), "cases": cases, "otherwise": self.otherwise}

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:  # noqa: ARG002
        """Ask what is to be known first, and each branch its records."""
        form, conditions, by_first = self.form, self.conditions, self.by_first
        before = await ask_each(self.branches, dict.fromkeys(self.ask), table, asked)
        first = {branch.name: branch for branch in before}
        shares = shares_of(before)
        if by_first:  # of nothing that is the request's alone: it is found once for all that were answered together
            # What answers as a branch is kept by the name of that, which may be any.
            takers, start = once((form, None), shares, lambda its, rows: self.takers(conditions, None, its, rows))
        else:
            given = [share.columns for share in shares]
            takers, start = self.takers(conditions, table, given, table.rows), 0
        places = self.places(takers[start : start + table.rows])
        there = [some(first[name], its) for name, its in places.items() if name in first]
        others = {name: its for name, its in places.items() if name not in first}
        then = await ask_each(self.branches, others, table, asked)
        return row_by_row_answer(self.name, form, [*there, *then], table.rows, before)

    def takers(
        self, conditions: Sequence[Condition], table: Table | None, first: Sequence[Columns], rows: int
    ) -> Array:
        """Number the branch of each record, by these and by what was asked first; raises BackendUnavailable.

        Branches are numbers here: for one row `np.select` over their names took eight times as long.
        """
        takers = np.empty(rows, dtype=np.intp)
        takers.fill(self.other_taker)
        given = dict(zip(self.ask, first, strict=True))
        try:
            names = {name: its for one in conditions for name, its in one.names.items()}
            columns = {name: column(name, its, table, given, rows) for name, its in names.items()}
            for taker, condition in zip(reversed(self.takes), reversed(conditions), strict=True):
                takers[condition.holds(columns)] = taker
        except KeyError as exc:
            raise BackendUnavailable(f"what {self.name} is decided by has just changed: {exc} is missing") from exc
        return takers

    def places(self, takers: Array) -> dict[str, Array | None]:
        """Give the places of the records of each branch that has some, None for all."""
        names, rows = self.names, len(takers)
        if rows == 1:
            return {names[takers[0]]: None}
        counts = enumerate(np.bincount(takers).tolist())  # none of those behind the last
        return {
            names[number]: None if count == rows else np.flatnonzero(takers == number)
            for number, count in counts
            if count
        }


def column(name: str, field: Feature | Output, table: Table | None, first: Mapping[str, Columns], rows: int) -> Array:
    """Give what a condition names; of a partial answer, what is missing is null.

    Raises KeyError, and BackendUnavailable.
    """
    plan, dot, output = name.partition(".")
    if not dot and table is not None:
        return table.column(name)
    columns = first[plan]
    if output not in columns and field.nullable:
        return empty(field, rows)
    return as_shown(field, columns[output])


def some(branch: Branch, places: Array | None) -> Branch:
    """Give some rows of what was asked first as the answer of a branch; the books have it already."""
    if places is None:
        return Branch(branch.name, Composed(branch.answer, []), branch.table, None)
    columns = {name: column[places] for name, column in branch.answer.columns.items()}
    part = picked(branch.table, places)
    return Branch(branch.name, Composed(alone(Form(branch.answer.outputs), columns, part.rows), []), part, places)
