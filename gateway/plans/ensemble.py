"""A plan that asks several others the same records at once."""

from collections.abc import Mapping, Sequence
from typing import cast

from contract import Output, Table, Terms
from gateway.batching import Needs, Prediction, all_parts, some_parts
from gateway.plans.answer import Answer, Missing, OfModels
from gateway.plans.apart import ask_all, ask_some, part_for
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch
from gateway.plans.composed import side_by_side_answer
from gateway.plans.composite import Composite
from gateway.plans.outputs import below
from gateway.plans.plan import Plan


class Ensemble(Composite):
    """Fan out to all members; it fails as a whole, at once, and then nobody waits for the others.

    Where a request or the route allows partial answers, it fails only when those that it needs cannot all answer.
    """

    kind = "ensemble"

    def __init__(self, name: str, branches: Mapping[str, Plan], terms: Terms | None = None) -> None:
        super().__init__(name, branches)
        self.terms = terms
        self.models = list(branches)
        self.plans = list(branches.values())
        batchers = [plan.batcher for plan in self.plans]
        self.batchers = [batcher for batcher in batchers if batcher is not None]
        self.of_models = None not in batchers

    def give(self) -> Sequence[Output]:
        """Put each branch's outputs below its name; those that the route does not require may be missing."""
        lax = [name for name in self.models if self.terms and name not in self.terms.require]
        return [
            output for name, plan in self.branches.items() for output in below(name, plan.outputs, nullable=name in lax)
        ]

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:
        """Ask all members."""
        tables = [part_for(plan, table) for plan in self.plans]
        if self.of_models:
            return await self.of_all_models(tables, asked, needs)
        branches, missing = await self.ask_members(tables, asked, needs)
        return side_by_side_answer(self.form, branches, missing)

    async def ask_members(
        self, tables: Sequence[Table], asked: Asked, needs: Needs | None
    ) -> tuple[list[Branch], Missing | None]:
        """Ask each member its records; gives those that answered, and why each other is missing."""
        answers: Sequence[Answer | None]
        missing: Missing | None = None
        if needs is None:
            answers = await ask_all(self.plans, tables, asked)
        else:
            answers, missing = await ask_some(self.plans, tables, asked, needs)
        found = zip(self.models, answers, tables, strict=True)
        return [Branch(name, answer, its, None) for name, answer, its in found if answer is not None], missing

    async def of_all_models(self, tables: Sequence[Table], asked: Asked, needs: Needs | None) -> OfModels:
        """Ask members that are all models: nothing is to be put together, and their predictions are handed on."""
        if needs is None:
            parts = await all_parts(self.batchers, tables, asked.id, asked.deadline, asked.caller)
            return OfModels(self.models, cast(Sequence[Prediction], parts), None)
        some, missing = await some_parts(self.batchers, tables, asked.id, asked.deadline, needs, address=asked.caller)
        return OfModels(self.models, cast(Sequence[Prediction | None], some), missing)
