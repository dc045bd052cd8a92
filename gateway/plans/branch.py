"""What the branches of a plan answered to one request, and what the books are told of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contract import Table
from contract.table import Array
from gateway.batching import Leaf, Prediction
from gateway.plans.answer import Answer, Missing, Ways
from gateway.share import Share


class Branch(NamedTuple):
    """Hold what a branch answered, the records that it was asked, and their places in the request, None for all."""

    name: str
    answer: Answer
    table: Table
    instances: Array | None


def shares_of(branches: Iterable[Branch]) -> list[Share]:
    """Give what branches said as rows of wholes."""
    return [branch.answer.share for branch in branches]


def predictions_of(branches: Sequence[Branch]) -> Sequence[Prediction]:
    """Give one for each model, the first where it was asked more than once."""
    if len(branches) == 1:
        return branches[0].answer.predictions
    found: dict[str, Prediction] = {}
    for branch in branches:
        for prediction in branch.answer.predictions:
            found.setdefault(prediction.model, prediction)
    return list(found.values())


def leaves_of(branches: Sequence[Branch]) -> list[Leaf]:
    """Give what models answered, with the places of their records in the request."""
    found = []
    for _, answer, table, instances in branches:
        for leaf in answer.leaves(table):
            if instances is None:
                found.append(leaf)
            else:
                places = instances if leaf.instances is None else instances[leaf.instances]
                found.append(leaf._replace(instances=places))
    return found


def missing_of(branches: Sequence[Branch], own: Missing | None = None) -> Missing | None:
    """Say who is missing in any of them; None where all had to be whole."""
    found = own
    for branch in branches:
        if (its := branch.answer.missing) is not None:
            found = its if found is None else {**found, **its}
    return found


def ways_of(branches: Sequence[Branch], own: Ways) -> Ways:
    """Count the rows that each branch of a plan, and of the plans below, answered."""
    found = own
    for branch in branches:
        for plan, counts in branch.answer.ways.items():
            found = {**found, plan: Counter(found[plan]) + Counter(counts) if plan in found else counts}
    return found
