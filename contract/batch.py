"""The records of several requests as one table, and some rows of a table as another."""

from collections.abc import Sequence

import numpy as np

from contract.table import Array, Table, pack_matrix


def join(tables: Sequence[Table]) -> Table:
    """Put the rows of tables with the same features below each other; raises ValueError where the features differ."""
    first = tables[0]
    if any(table.features is not first.features and table.features != first.features for table in tables):
        raise ValueError("only tables with the same features can be joined")
    if len(tables) == 1:
        return first
    matrices = [table.matrix for table in tables if table.matrix is not None]
    if matrices:  # all have one or none has: it follows from the features
        return pack_matrix(first.features, np.concatenate(matrices))
    columns = {name: np.concatenate([table.columns[name] for table in tables]) for name in first.columns}
    return Table(first.features, sum(table.rows for table in tables), columns, None)


def part(table: Table, start: int, stop: int) -> Table:
    """Give some rows of a table, as views."""
    return picked(table, slice(start, stop))


def picked(table: Table, places: Array | slice) -> Table:
    """Give the rows of a table at these places, in their order; those of a slice as views."""
    if table.matrix is not None:
        return pack_matrix(table.features, table.matrix[places])
    rows = len(range(table.rows)[places]) if isinstance(places, slice) else len(places)
    return Table(table.features, rows, {name: column[places] for name, column in table.columns.items()}, None)
