"""What a shadow keeps of a request and of its answers: of the first rows, and no part of larger arrays."""

from contract import Columns, Table
from contract.table import Array
from gateway.plans.answer import Answer
from gateway.shadows import Comparison

MOST_OF_ONE = 1000
"""Of a larger request the first so many rows are asked and compared: all others wait for a comparison, 1 µs a row."""

MOST_VALUES = 50_000
"""Fewer rows where they have more than fifty features: 64 requests under way then hold 26 MB of doubles at most."""


def rows_of(table: Table) -> int:
    """Give how many rows of a request are compared."""
    return min(table.rows, MOST_OF_ONE, MOST_VALUES // max(1, len(table.features)) or 1)


def first_rows(table: Table) -> Table:
    """Give these rows; tensors are parts of the whole body, 16 MB of which may be one row and blanks, and are copied.

    That takes 1 to 2 µs for a row of thirty numbers, and of thirty columns 4, or 14 where they are parts.
    """
    rows = rows_of(table)
    separate = {name: own(column, rows) for name, column in table.separate.items()}
    return Table(table.features, rows, separate, None if table.matrix is None else own(table.matrix, rows))


def own(array: Array, rows: int) -> Array:
    """Give the first rows of an array as one that is part of nothing larger."""
    return array if array.base is None and len(array) == rows else array[:rows].copy()


def taken(answer: Answer, comparison: Comparison, rows: int) -> Columns | None:
    """Copy what is compared of an answer; None where a version has just changed, or a model is missing in it."""
    known = {name for side in comparison.versions for name in side}
    columns = answer.columns
    if any((one.model, one.version) not in known for one in answer.predictions):
        return None
    names = [output.name for output, _ in comparison.outputs]
    return {name: columns[name][:rows].copy() for name in names} if all(name in columns for name in names) else None
