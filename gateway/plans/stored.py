"""An answer that is always the same, as a branch of other plans."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from contract import ContractError, Feature, Interface, Output, RecordDecoder, Table, Terms, Value
from contract.table import DTYPES
from gateway.backends import Backend
from gateway.batching import Answerer, Needs
from gateway.plans.asked import Asked
from gateway.plans.composed import Composed
from gateway.plans.formed import alone
from gateway.plans.nested import Form
from gateway.plans.outputs import Shown, shown
from gateway.plans.plan import Plan, Told


class Stored:
    """Answer every record with the same values, by the names of outputs; null where there is nothing to say."""

    kind = "stored"
    terms: Terms | None = None
    batcher: Answerer | None = None
    branches: Mapping[str, Plan] = {}
    members: tuple[Backend, ...] = ()
    features: tuple[Feature, ...] = ()

    def __init__(self, name: str, values: Mapping[str, Value]) -> None:
        self.name = name
        self.values = values
        self.models: Sequence[str] = [name]
        self.contracts: list[Interface] = []
        self.form = Form([by_itself(name, value) for name, value in values.items() if value is not None])

    @property
    def told(self) -> Mapping[str, Any]:
        """Say what it answers."""
        return {"answer": dict(self.values)}

    @property
    def outputs(self) -> Sequence[Output]:
        """Give what an answer holds, as far as the values say it by themselves."""
        return self.form.outputs

    @property
    def decoder(self) -> RecordDecoder:
        """Give what reads records of nothing."""
        return RecordDecoder(())

    def ready(self, told: Told) -> bool:  # noqa: ARG002 (it asks nobody)
        """Say that it can always answer."""
        return True

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Composed:  # noqa: ARG002
        """Answer; outputs that are null have no columns."""
        its = {one.name: np.full(table.rows, self.values[one.name], DTYPES[one.datatype]) for one in self.outputs}
        return Composed(alone(self.form, its, table.rows), [])

    def beside(self, others: Mapping[str, Output], *, all_known: bool) -> list[Shown]:
        """Give its outputs as those of the same names that others give; raises ContractError where one cannot be.

        As long as not all others are known, one that is null says nothing where nobody is known to give it.
        """
        its = {name: value for name, value in self.values.items() if all_known or value is not None or name in others}
        return [self.as_one(name, value, others.get(name)) for name, value in its.items()]

    def as_one(self, name: str, value: Value, other: Output | None) -> Shown:
        """Give one output, which means what the other of its name does."""
        if other is None:
            if value is None:
                raise ContractError(f"{name}: is null in the stored answer {self.name}, and no other branch gives it")
            return by_itself(name, value)
        if value is None:
            return shown(other, nullable=True)
        own = by_itself(name, value)
        whole = other.type == "integer" and own.minimum is not None and own.minimum.is_integer()
        if own.type != other.type and not whole:
            raise ContractError(f"{name}: is {other.type}, and in the stored answer {self.name} {own.type}")
        # In the others' order, which an aggregate above wants to be the same for all of its members.
        categories = tuple(dict.fromkeys((*other.categories, *own.categories)))
        return shown(other, nullable=False, minimum=own.minimum, maximum=own.maximum, categories=categories)


def by_itself(name: str, value: Value) -> Shown:
    """Describe an output by its one value."""
    if isinstance(value, bool):
        return Shown(name=name, type="boolean", description="A stored answer")
    if isinstance(value, str):
        return Shown(name=name, type="category", description="A stored answer", categories=(value,))
    return Shown(name=name, type="number", description="A stored answer", minimum=value, maximum=value)


def outputs_beside(branches: Mapping[str, Plan], *, all_known: bool) -> dict[str, Sequence[Output]]:
    """Give the outputs of each branch; stored answers take the meaning of theirs from the others."""
    given = {name: plan.outputs for name, plan in branches.items() if not isinstance(plan, Stored)}
    known = {output.name: output for output in all_of(given.values())}
    return {
        name: plan.beside(known, all_known=all_known) if isinstance(plan, Stored) else given[name]
        for name, plan in branches.items()
    }


def all_of(lists: Iterable[Sequence[Output]]) -> Iterable[Output]:
    """Give the outputs of several, those of the first last, so that they win."""
    return [output for outputs in reversed(list(lists)) for output in outputs]
