"""A plan of steps: the outputs of each are features of the next ones, by their names."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from contract import ContractError, Feature, Output, Table, pack, table_faults, union_of_features
from contract.features import Features, in_order
from contract.table import Array, Columns
from gateway.batching import Needs
from gateway.errors import BackendFault, BackendUnavailable, GatewayError
from gateway.plans.answer import Answer
from gateway.plans.apart import answer_of, part_for
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch
from gateway.plans.composed import Composed, empty, promised
from gateway.plans.composite import Composite
from gateway.plans.formed import once
from gateway.plans.plan import Plan

TableFault = tuple[int, Feature, str]

Pairs = tuple[tuple[Feature, Output], ...]
"""Features of a step, each with the output of an earlier one that it is."""


Given = dict[str, tuple[str, Output]]
"""Which step gives something, as which of its outputs, by the name: the latest that does."""


class Steps(Composite):
    """Ask one branch after another; the answer is that of the last.

    A feature of a step that an earlier one gives is taken from there, all others are the record's. What a step fails by
    never reaches the next one.
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
        given: Given = {}
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
        done: dict[str, Branch] = {}
        for step, plan in self.branches.items():
            read = self.read_by(plan, table, given, done)
            answer = await asked_as_step(step, plan, read, asked)
            done[step] = Branch(step, answer, read, None)
            given |= {output.name: (step, output) for output in outputs[step]}
        return Composed(answer, list(done.values()))

    def read_by(self, plan: Plan, table: Table, given: Given, done: Mapping[str, Branch]) -> Table:
        """Give what a step reads; raises BackendFault for a value that its contract does not allow.

        Raises BackendUnavailable where a version has answered that does not give it: the record's is another thing; and
        PlanMismatch where by now none can.
        """
        features = plan.features
        taken: dict[str, list[tuple[Feature, Output]]] = {}
        for feature in features:
            if feature.name in given:
                step, output = given[feature.name]
                taken.setdefault(step, []).append((feature, output))
        if not taken:
            return part_for(plan, table)
        columns: dict[str, Array] = {}
        for step, pairs in taken.items():
            answer = done[step].answer
            try:
                columns |= taken_of(step, answer, tuple(pairs), plan.name)
            except BackendFault:
                self.check_is_known(step, answer)
                raise
        try:
            return table.filled(features, columns)
        except KeyError as exc:
            raise BackendUnavailable(f"{plan.name} has just changed its features") from exc

    def check_is_known(self, step: str, answer: Answer) -> None:
        """Raise PlanMismatch where a model has just changed, and BackendUnavailable where another version answered."""
        contracts = self.contracts
        if any(one.joint.contract not in contracts for one in answer.predictions):
            raise BackendUnavailable(f"{step} has just changed its outputs", model=step)


@lru_cache(maxsize=256)
def features_of(pairs: Pairs) -> Features:
    """Give the features alone; their bounds, found for each request, were a tenth of what a caller alone costs."""
    return in_order([feature for feature, _ in pairs])


def taken_of(step: str, answer: Answer, pairs: Pairs, reader: str) -> dict[str, Array]:
    """Give outputs of a step as features of a later one, checked once for all requests that were answered together.

    Raises BackendFault for a value that one of these may not have, and BackendUnavailable.
    """

    def read(given: Sequence[Columns], rows: int) -> tuple[dict[str, Array], Sequence[TableFault]]:
        columns = {}
        for feature, output in pairs:
            column = promised(output, given[0], step, output.name)
            columns[feature.name] = empty(output, rows) if column is None else column
        return columns, table_faults(pack(features_of(pairs), columns))

    share = answer.share
    rows = share.stop - share.start
    (columns, faults), start = once(pairs, [share], read)
    if faults:  # of whoever: what this request has of them is found apart from all others
        (columns, faults), start = read([share.columns], rows), 0
    for row, feature, message in faults:
        told = f"step {step}: its {feature.name} in row {row} is not what {reader} takes: {message}"
        raise BackendFault(told, model=step)
    return {name: column[start : start + rows] for name, column in columns.items()}


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
    if output.nullable and not feature.nullable:
        raise ContractError(f"{told}, but not always, and {step} does without it never")
    if unknown := [category for category in output.categories if category not in feature.categories]:
        raise ContractError(f"{told} as {unknown[0]!r}, which {step} does not know")
