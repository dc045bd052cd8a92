"""The answer of a plan above others, put together from theirs."""

from collections.abc import Sequence

import numpy as np

from contract import Feature, Output, Table
from contract.table import DTYPES, Array, Columns
from gateway.batching import Leaf, Part
from gateway.errors import BackendUnavailable
from gateway.plans.answer import NO_WAYS, Missing, Saying, Ways
from gateway.plans.branch import Branch, leaves_of, missing_of, predictions_of, shares_of, ways_of
from gateway.plans.formed import alone, together
from gateway.plans.nested import Form


class Composed(Saying):
    """Hold what a plan `said`, and for the books the `branches` that it asked, and what they say of the plan itself."""

    __slots__ = ("branches", "missing", "predictions", "ways")

    version: str | None = None

    def __init__(
        self, said: Part, branches: Sequence[Branch], *, missing: Missing | None = None, ways: Ways = NO_WAYS
    ) -> None:
        self.said = said
        self.branches = branches
        self.predictions = predictions_of(branches)
        self.missing = missing_of(branches, missing)
        self.ways = ways_of(branches, ways)

    def leaves(self, table: Table) -> list[Leaf]:  # noqa: ARG002 (each was asked records of its own)
        """Give what models answered."""
        return leaves_of(self.branches)


def side_by_side_answer(form: Form, branches: Sequence[Branch], missing: Missing | None) -> Composed:
    """Put answers to all rows below the names of those who gave them; raises BackendUnavailable."""
    names = tuple([branch.name for branch in branches])

    def beside(given: Sequence[Columns], _rows: int) -> Columns:
        its, columns = dict(zip(names, given, strict=True)), {}
        for output in form.outputs:
            branch, _, name = output.name.partition(".")
            if branch in its and (column := promised(output, its[branch], branch, name)) is not None:
                columns[output.name] = column
        return columns

    return Composed(together(form, names, shares_of(branches), beside), branches, missing=missing)


def row_by_row_answer(
    plan: str, form: Form, branches: Sequence[Branch], rows: int, before: Sequence[Branch] = ()
) -> Composed:
    """Put together answers to some rows each; the output by the plan's name says who gave each row.

    Those that were asked `before`, to choose by, are in the books only.
    """
    if len(branches) == 1 and branches[0].instances is None:  # nothing is to be put together, as of each single row
        name = branches[0].name
        said = together(form, name, shares_of(branches), lambda given, rows: columns_by(name, form, given[0], rows))
    else:
        columns = {output.name: empty(output, rows) for output in form.outputs}
        for name, answer, table, instances in branches:
            for output, column in columns_by(name, form, answer.columns, table.rows).items():
                columns[output][instances] = column
        said = alone(form, columns, rows)
    ways = {plan: {one.name: one.table.rows for one in branches}}
    return Composed(said, [*before, *branches], ways=ways)


def columns_by(name: str, form: Form, given: Columns, rows: int) -> dict[str, Array]:
    """Give the columns of what a branch answered, the first of which says that it did; raises BackendUnavailable."""
    said, *others = form.outputs
    columns = {said.name: np.empty(rows, dtype=object)}
    columns[said.name].fill(name)
    for output in others:
        column = promised(output, given, name, output.name)
        columns[output.name] = empty(output, rows) if column is None else column
    return columns


def promised(output: Output, given: Columns, branch: str, name: str) -> Array | None:
    """Give a column that a branch is known to give, None where it may be missing; raises BackendUnavailable.

    While a model changes, the version that answers may be another than the one that is known.
    """
    if name in given:
        return as_shown(output, given[name])
    if output.nullable:
        return None
    raise BackendUnavailable(f"{branch} has just changed its outputs: {name} is missing")


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
