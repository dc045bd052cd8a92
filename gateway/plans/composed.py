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
    """Put answers to all rows below the names of those who gave them."""
    known = {output.name: output for output in outputs}
    columns = {}
    for branch in branches:
        for name, column in branch.answer.columns.items():
            if (output := known.get(f"{branch.name}.{name}")) is not None:
                columns[output.name] = as_shown(output, column)
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
        if output.name in given:
            columns[output.name] = as_shown(output, given[output.name])
        elif getattr(output, "nullable", False):
            columns[output.name] = empty(output, branch.table.rows)
        else:
            raise BackendUnavailable(f"{branch.name} has just changed its outputs: {output.name} is missing")
    return columns


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


def columns_of(answer: Answer, outputs: Sequence[Output], rows: int) -> Columns:
    """Give the columns of an answer by the names of these outputs; what is missing, and may be, is null."""
    given = answer.columns
    return {
        output.name: given[output.name] if output.name in given else empty(output, rows)
        for output in outputs
        if output.name in given or getattr(output, "nullable", False)
    }


def as_shown(output: Output, column: Array) -> Array:
    """Give a column in the datatype of an output: what may be missing is a double."""
    wanted = DTYPES[output.datatype]
    return column if column.dtype == wanted else column.astype(wanted)


def empty(output: Feature | Output, rows: int) -> Array:
    """Make a column in which nothing is there."""
    column = np.empty(rows, dtype=DTYPES[output.datatype])
    column.fill({"BYTES": "", "FP64": np.nan}.get(output.datatype, 0))
    return column
