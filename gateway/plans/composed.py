"""The answer of a plan above others, put together from theirs."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from contract import Feature, Output, Table
from contract.rows import Row
from contract.table import DTYPES, Array, Columns
from gateway.batching import Leaf, Prediction
from gateway.errors import BackendUnavailable
from gateway.plans.answer import NO_WAYS, Answer, Missing, Ways
from gateway.plans.nested import nested_rows, tree_of


class Composed:
    """Hold columns by the names of `outputs`, some of which may be missing, and what models answered for them."""

    version: str | None = None

    def __init__(
        self,
        outputs: Sequence[Output],
        columns: Columns,
        leaves: Sequence[Leaf],
        rows: int,
        *,
        missing: Missing | None = None,
        ways: Ways = NO_WAYS,
    ) -> None:
        self.outputs = outputs
        self.columns = columns
        self.its_leaves = list(leaves)
        self.rows = rows
        self.missing = missing
        self.ways = ways

    @cached_property
    def predictions(self) -> list[Prediction]:
        """Give one for each model, the first where it was asked more than once."""
        found: dict[str, Prediction] = {}
        for leaf in self.its_leaves:
            for prediction in leaf.predictions:
                found.setdefault(prediction.model, prediction)
        return list(found.values())

    @property
    def records(self) -> list[Row]:
        """Give one JSON object per row."""
        return nested_rows(self.columns, tree_of(self.outputs), self.rows)

    def some(self, start: int, stop: int) -> list[Row]:
        """Give those of some rows."""
        columns = {name: column[start:stop] for name, column in self.columns.items()}
        return nested_rows(columns, tree_of(self.outputs), len(range(self.rows)[start:stop]))

    def leaves(self, table: Table) -> list[Leaf]:  # noqa: ARG002 (each was asked records of its own)
        """Give what models answered."""
        return self.its_leaves


class Branch(NamedTuple):
    """Hold what a branch answered, the records that it was asked, and their places in the request, None for all."""

    name: str
    answer: Answer
    table: Table
    instances: Array | None


def side_by_side_answer(outputs: Sequence[Output], branches: Sequence[Branch], missing: Missing | None) -> Composed:
    """Put answers to all rows below the names of those who gave them; raises BackendUnavailable."""
    given = {branch.name: branch.answer.columns for branch in branches}
    columns = {}
    for output in outputs:
        branch, _, name = output.name.partition(".")
        if branch in given and (column := promised(output, given[branch], branch, name)) is not None:
            columns[output.name] = column
    rows = branches[0].table.rows
    return Composed(
        outputs, columns, leaves_of(branches), rows, missing=missing_of(branches, missing), ways=ways_of(branches)
    )


def row_by_row_answer(
    plan: str, outputs: Sequence[Output], branches: Sequence[Branch], rows: int, before: Sequence[Branch] = ()
) -> Composed:
    """Put together answers to some rows each; the output by the plan's name says who gave each row.

    Those that were asked `before`, to choose by, are in the books only.
    """
    given = [columns_by(branch, outputs) for branch in branches]
    if len(branches) == 1 and branches[0].instances is None:  # nothing is to be put together, as of each single row
        columns = given[0]
    else:
        columns = {output.name: empty(output, rows) for output in outputs}
        for branch, its in zip(branches, given, strict=True):
            for name, column in its.items():
                columns[name][branch.instances] = column
    asked = (*before, *branches)
    ways = {plan: {one.name: one.table.rows for one in branches}, **ways_of(asked)}
    return Composed(outputs, columns, leaves_of(asked), rows, missing=missing_of(asked), ways=ways)


def columns_by(branch: Branch, outputs: Sequence[Output]) -> dict[str, Array]:
    """Give the columns of what a branch answered, the first of which says that it did; raises BackendUnavailable."""
    said, *others = outputs
    columns = {said.name: np.empty(branch.table.rows, dtype=object)}
    columns[said.name].fill(branch.name)
    given = branch.answer.columns
    for output in others:
        column = promised(output, given, branch.name, output.name)
        columns[output.name] = empty(output, branch.table.rows) if column is None else column
    return columns


def promised(output: Output, given: Columns, branch: str, name: str) -> Array | None:
    """Give a column that a branch is known to give, None where it may be missing; raises BackendUnavailable.

    While a model changes, the version that answers may be another than the one that is known.
    """
    if name in given:
        return as_shown(output, given[name])
    if getattr(output, "nullable", False):
        return None
    raise BackendUnavailable(f"{branch} has just changed its outputs: {name} is missing")


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


def ways_of(branches: Sequence[Branch]) -> dict[str, Counter[str]]:
    """Count the rows that each branch of the plans below answered."""
    found: dict[str, Counter[str]] = {}
    for branch in branches:
        for plan, counts in branch.answer.ways.items():
            found.setdefault(plan, Counter()).update(counts)
    return found


def as_shown(output: Feature | Output, column: Array) -> Array:
    """Give a column in the datatype of an output: what may be missing is a double.

    Raises BackendUnavailable where it cannot be that, since another version answered.
    """
    wanted = DTYPES[output.datatype]
    if column.dtype == wanted:
        return column
    if object not in (column.dtype, wanted):
        with np.errstate(invalid="ignore"):  # of what is no whole number
            found = column.astype(wanted)
        if found.dtype.kind == "f" or np.array_equal(found, column):
            return found
    raise BackendUnavailable(f"{output.name} has just become something else")


def empty(output: Feature | Output, rows: int) -> Array:
    """Make a column in which nothing is there."""
    column = np.empty(rows, dtype=DTYPES[output.datatype])
    column.fill({"BYTES": "", "FP64": np.nan}.get(output.datatype, 0))
    return column
