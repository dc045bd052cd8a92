"""An ensemble that makes one answer of several, as if a single model had given it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract import ContractError, Output, Table, Terms
from contract.table import Array, Columns
from gateway.batching import Needs
from gateway.errors import BackendUnavailable
from gateway.plans.aggregate import AVERAGES, vote
from gateway.plans.agreed import Agreed, agree, the_same
from gateway.plans.answer import Answer
from gateway.plans.apart import part_for
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch, shares_of
from gateway.plans.composed import Composed, as_shown
from gateway.plans.composite import contracts_of
from gateway.plans.ensemble import Ensemble
from gateway.plans.formed import together
from gateway.plans.plan import Plan
from gateway.plans.rule import rule_of
from gateway.settings.aggregates import AggregateSettings


class Aggregated(Ensemble):
    """Ask all members, and aggregate those of their outputs that mean the same; what is decided follows from that.

    Where members are missing, or say nothing of a row, the others count, by weights as if there were no more.
    """

    agreed: Agreed

    def __init__(
        self, name: str, branches: Mapping[str, Plan], how: AggregateSettings, terms: Terms | None = None
    ) -> None:
        super().__init__(name, branches, terms)
        self.how = how
        weights = {member: how.weights.get(member, 1.0) for member in branches}
        # Their sum is made 1 at most by a power of two, after which means are as exact as before.
        exponent = math.frexp(max(weights.values()))[1] + len(branches).bit_length()
        self.weights = {member: math.ldexp(weight, -exponent) for member, weight in weights.items()}

    def give(self) -> Sequence[Output]:
        """Give what the members agree on."""
        self.agreed = agree(self.how.by, self.how.outputs, self.branches, contracts_of(self.branches))
        return self.agreed.outputs

    @property
    def told(self) -> dict[str, Any]:
        """Say how, with which weights, and of which outputs where not of all."""
        more = {"weights": self.how.weights, "of": self.how.outputs}
        return {"aggregate": self.how.by, **{name: its for name, its in more.items() if its}}

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:
        """Ask all members; raises BackendUnavailable where nobody answers who has a weight."""
        form = self.form
        agreed = self.agreed
        branches, missing = await self.ask_members([part_for(plan, table) for plan in self.plans], asked, needs)
        for branch in branches:
            check(branch, agreed)
        counting = [branch for branch in branches if self.weights[branch.name]]
        if not counting:
            lost = next((name for name in missing or () if self.weights[name]), None)
            raise BackendUnavailable(f"of {self.name} only members of the weight 0 answered", model=lost)
        names = tuple([branch.name for branch in counting])
        said = together(form, names, shares_of(counting), lambda given, _: self.columns(agreed, names, given))
        return Composed(said, branches, missing=missing)

    def columns(self, agreed: Agreed, members: Sequence[str], given: Sequence[Columns]) -> dict[str, Array]:
        """Give the columns of the answer, from those of members with a weight."""
        weights = np.array([self.weights[member] for member in members])
        columns: dict[str, Array] = {}
        for name, output in agreed.read.items():
            values = np.array([as_shown(output, its[name]) for its in given])
            if self.how.by == "vote":
                columns[name], columns[f"{name}_share"] = vote(values)
            else:
                columns[name] = AVERAGES[self.how.by](values, weights)
        for output in agreed.outputs:
            if (rule := agreed.rules.get(output.name)) is not None:
                columns[output.name] = rule.decide(output, columns)
        return columns


def check(branch: Branch, agreed: Agreed) -> None:
    """Raise BackendUnavailable where a member answered as a version whose outputs mean something else."""
    if branch.answer.outputs is agreed.given[branch.name]:
        return
    try:
        means_the_same(branch, agreed)
    except ContractError as exc:
        raise BackendUnavailable(f"{branch.name} has just changed its outputs", model=branch.name) from exc


def means_the_same(branch: Branch, agreed: Agreed) -> None:
    """Raise ContractError where outputs do not, or are decided by another rule: trained anew is another threshold."""
    given = {output.name: output for output in branch.answer.outputs}
    decided = {output.name: output for output in agreed.outputs if output.name in agreed.rules}
    for name, output in {**agreed.read, **decided}.items():
        the_same(name, {"": {name: output}, branch.name: given})
    contracts = [one.joint.contract for one in branch.answer.predictions]
    for name, rule in agreed.rules.items():
        rules = {rule_of(one, name) for one in contracts if any(output.name == name for output in one.outputs)}
        if not rules <= {rule}:
            raise ContractError(f"{name}: it is decided otherwise")
