"""How a decided output of an ensemble follows from scores: as its members decide it."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from contract import ByThreshold, Columns, ContractError, Interface
from contract.decision import chosen, values_of
from contract.table import Array
from gateway.plans.composed import as_shown
from gateway.plans.outputs import Shown


class Rule(NamedTuple):
    """Say which of the `values` an output has.

    That is the one whose score is the largest, the first of equal ones; with a `threshold` the second at and above it,
    and there is one score. A score that is no output of the model has no name.
    """

    scores: tuple[str | None, ...]
    values: tuple[str | bool, ...]
    threshold: float | None

    def __str__(self) -> str:
        """Write it for whoever reads why two do not fit."""
        if self.threshold is not None:
            return f"{self.values[1]} from {self.scores[0]} {self.threshold:g} on"
        return f"the largest of {', '.join(score or 'a score that is not told' for score in self.scores)}"

    def decide(self, output: Shown, columns: Columns) -> Array:
        """Give the `[rows]` values by the columns of the scores; without a score the value is missing too."""
        scores = [columns[name] for name in self.scores if name is not None]
        if self.threshold is None:
            index = np.array(scores).argmax(axis=0)
        else:
            index = (scores[0] >= self.threshold).astype(np.intp)
        found = as_shown(output, chosen(self.values, index))
        if output.nullable:
            found[np.isnan(scores).any(axis=0)] = "" if output.type == "category" else np.nan
        return found


def rule_of(contract: Interface, name: str) -> Rule | None:
    """Give how a model decides an output; None for a score, and where the contract does not say."""
    outputs = {output.name: output for output in contract.outputs}
    for decision in contract.decisions:
        if decision.output == name:
            if isinstance(decision, ByThreshold):
                return Rule((decision.score,), (decision.below, decision.at_or_above), decision.threshold)
            scores = {value: score for score, value in decision.speaks_for(outputs).items()}
            values = values_of(outputs[name])
            return Rule(tuple(scores.get(value) for value in values), values, None)
    return None


def one_rule(contracts: Iterable[Interface], name: str) -> Rule | None:
    """Give how all models that have an output decide it; raises ContractError where they do it differently."""
    rules = {one.name: rule_of(one, name) for one in contracts if name in {output.name for output in one.outputs}}
    (first, rule), *others = rules.items()
    for model, other in others:
        if other != rule:
            told = [
                f"{one} decides {its or 'in a way that is not told'}" for one, its in ((first, rule), (model, other))
            ]
            raise ContractError(f"{name}: {', '.join(told)}; `outputs` may name the others")
    return rule
