"""A plan of steps: the outputs of each are features of the next ones, by their names."""

from collections.abc import Mapping, Sequence

from contract import ContractError, Feature, Output, Table, pack, table_faults, union_of_features
from contract.table import Columns
from gateway.batching import Needs
from gateway.errors import BackendFault, BackendUnavailable, GatewayError
from gateway.plans.answer import Answer
from gateway.plans.apart import answer_of
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch
from gateway.plans.composed import Composed, empty, promised
from gateway.plans.composite import Composite
from gateway.plans.plan import Plan

Given = Mapping[str, tuple[Output, Columns, str]]
"""The outputs that steps are known to give, with what they gave, and which step it was."""


class Steps(Composite):
    """Ask one branch after another; the answer is that of the last.

    A feature of a step that an earlier one gives is taken from there, the latest that does; all others are the
    record's. What a step fails by never reaches the next one.
    """

    kind = "sequence"

    def take(self) -> Sequence[Feature]:
        """Give what no earlier step gives."""
        given: set[str] = set()
        lists = []
        for plan in self.branches.values():
            lists.append([feature for feature in plan.features if feature.name not in given])
            given |= {output.name for output in plan.outputs}
        return union_of_features(lists)

    def give(self) -> Sequence[Output]:
        """Give the outputs of the last step; raises ContractError where one cannot take what another gives."""
        given: dict[str, tuple[str, Output]] = {}
        idle = list(self.branches)[:-1]
        for step, plan in self.branches.items():
            for feature in plan.features:
                if feature.name in given:
                    giver, output = given[feature.name]
                    check_fits(giver, output, step, feature)
                    idle = [name for name in idle if name != giver]
            given |= {output.name: (step, output) for output in plan.outputs}
        if idle:
            raise ContractError(f"{idle[0]}: no later step of {self.name} reads anything that it gives")
        return plan.outputs

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:  # noqa: ARG002
        """Ask step by step; raises GatewayError, which names the step."""
        outputs = {step: plan.outputs for step, plan in self.branches.items()}  # of one moment: models may change
        given: Given = {}
        done: list[Branch] = []
        for step, plan in self.branches.items():
            read = self.read_by(plan, table, given)
            answer = await asked_as_step(step, plan, read, asked)
            done.append(Branch(step, answer, read, None))
            columns = answer.columns
            given = {**given, **{output.name: (output, columns, step) for output in outputs[step]}}
        return Composed(done[-1].answer, done)

    def read_by(self, plan: Plan, table: Table, given: Given) -> Table:
        """Give what a step reads; raises BackendFault for a value that its contract does not allow.

        Raises BackendUnavailable where a version has answered that does not give it: the record's is another thing.
        """
        features = plan.features
        taken = [feature for feature in features if feature.name in given]
        if not taken:
            return self.part_for(plan, table)
        columns = {}
        for feature in taken:
            output, its, giver = given[feature.name]
            column = promised(output, its, giver, output.name)
            columns[feature.name] = empty(output, table.rows) if column is None else column
        for row, feature, message in table_faults(pack(taken, columns)):
            giver = given[feature.name][2]
            told = f"step {giver}: its {feature.name} in row {row} is not what {plan.name} takes: {message}"
            raise BackendFault(told, model=giver)
        try:
            return pack(features, {**table.columns, **columns})
        except KeyError as exc:
            raise BackendUnavailable(f"{plan.name} has just changed its features") from exc


async def asked_as_step(step: str, plan: Plan, table: Table, asked: Asked) -> Answer:
    """Ask a step; the text of its failure names it."""
    try:
        return await answer_of(plan, table, asked)
    except GatewayError as exc:
        raise type(exc)(f"step {step}: {exc}", exc.faults, exc.model or step) from exc


def check_fits(giver: str, output: Output, step: str, feature: Feature) -> None:
    """Raise ContractError where an output cannot be the feature of a later step, whatever its value."""
    told = f"{feature.name}: {giver} gives it"
    if output.type != feature.type and (output.type, feature.type) != ("integer", "number"):
        raise ContractError(f"{told} as {output.type}, and {step} reads it as {feature.type}")
    if output.unit and feature.unit and output.unit != feature.unit:
        raise ContractError(f"{told} in {output.unit}, and {step} reads it in {feature.unit}")
    if getattr(output, "nullable", False) and not feature.nullable:
        raise ContractError(f"{told}, but not always, and {step} does without it never")
    if unknown := [category for category in output.categories if category not in feature.categories]:
        raise ContractError(f"{told} as {unknown[0]!r}, which {step} does not know")
