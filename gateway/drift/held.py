"""Calls that wait to be counted: their rows, and what was answered to them."""

from collections.abc import Sequence

import numpy as np

from contract import Columns, Table
from contract.table import Array
from gateway.drift.cells import Cells, Doubles

MOST_OF_A_CALL = 1000
"""Of a call of more rows only some are counted, evenly over all, so that others wait for half a millisecond at most."""

Rows = Array | Columns
"""The matrix of a call's rows, or their columns by name."""


def copied(table: Table) -> Rows:
    """Give rows in arrays of their own; of a large call some of them."""
    step = every(table)
    if table.matrix is not None:
        return table.matrix[::step].copy()
    return {name: column[::step].copy() for name, column in table.columns.items()}


def some(table: Table, outputs: Columns) -> Columns:
    """Give what was answered to the same rows."""
    step = every(table)
    return {name: column[::step].copy() for name, column in outputs.items()}


def every(table: Table) -> int:
    """Say how many rows there are for each that is counted."""
    return -(-table.rows // MOST_OF_A_CALL)


def columns_of(cells: Cells, held: Sequence[Rows], outputs: Sequence[Columns]) -> Doubles:
    """Give the rows of all calls as doubles, `[fields, rows]`."""
    columns = list[Array | list[float]]()
    if isinstance(held[0], np.ndarray):
        matrix = joined(held).reshape(-1, held[0].shape[1])  # type: ignore[arg-type]
        columns += [numbers(cells, index, column) for index, column in enumerate(matrix.T)]
    parts = {"feature": held, "output": outputs}
    for index, field in enumerate(cells.fields[len(columns) :], len(columns)):
        columns.append(numbers(cells, index, joined([part[field.about.name] for part in parts[field.kind]])))
    return np.array(columns, dtype=np.float64)


def joined(arrays: Sequence[Array]) -> Array:
    """Put arrays behind each other, flat: of small ones this takes half of the time that numpy takes."""
    dtype = arrays[0].dtype
    if dtype.kind == "O":
        return np.concatenate(arrays).ravel()
    return np.frombuffer(b"".join(map(np.ndarray.tobytes, arrays)), dtype)


def numbers(cells: Cells, index: int, column: Array) -> Array | list[float]:
    """Give the places of texts, or the numbers that there are."""
    codes = cells.codes[index]
    return column if codes is None else list(map(codes.__getitem__, column.tolist()))
