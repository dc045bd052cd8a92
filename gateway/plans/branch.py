"""What the branches of a plan answered to one request, and what the books are told of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    all_of_them = [one for one in (own, *[branch.answer.missing for branch in branches]) if one is not None]
    return {name: error for one in all_of_them for name, error in one.items()} if all_of_them else None


def ways_of(branches: Sequence[Branch], own: Ways) -> Ways:
    """Count the rows that each branch of a plan, and of the plans below, answered."""
    below = [branch.answer.ways for branch in branches if branch.answer.ways]
    if not below:
        return own
    found: dict[str, Mapping[str, int]] = {**own}
    for ways in below:
        for plan, counts in ways.items():
            found[plan] = Counter(found[plan]) + Counter(counts) if plan in found else counts
    return found
