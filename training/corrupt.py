"""What careless callers send and the contract lets through: records that a novelty detector should find."""

from collections.abc import Iterator

import numpy as np

from contract import Table, pack
from contract.check_columns import rows_in_order
from contract.table import Array

UNIT_FACTOR = 10.0
SCALE_FACTOR = 10.0
SWAPS_PER_ROW = 10
UNIFORM_RECORDS = 1000


def corruptions(table: Table, seed: int) -> dict[str, Table]:
    """Make the kinds of bad records from good ones; without those that a table has no numeric columns for.

    `unit_errors`: each number of each record ten times too large, one at a time.
    `swapped_columns`: two columns exchanged whose medians differ at least tenfold, ten random pairs a record.
    `uniform_records`: every number drawn evenly within the range of its column.
    """
    random = np.random.default_rng(seed)
    numeric = [
        feature.name
        for feature in table.features
        if feature.type == "number" and np.isfinite(table.columns[feature.name]).any()
    ]
    found = {
        "unit_errors": joined(table, unit_errors(table, numeric)),
        "swapped_columns": joined(table, swapped_columns(table, numeric, random)),
        "uniform_records": joined(table, uniform_records(table, numeric, random)),
    }
    return {name: rows for name, rows in found.items() if rows is not None}


def joined(table: Table, parts: Iterator[dict[str, Array]]) -> Table | None:
    """Put what the contract allows of tables under each other, each given by the columns that differ from `table`."""
    tables = [{**table.columns, **part} for part in parts]
    if not tables:
        return None
    rows = max(len(column) for column in tables[0].values())
    names = [feature.name for feature in table.features]
    return let_through(
        pack(table.features, {name: np.concatenate([np.resize(t[name], rows) for t in tables]) for name in names})
    )


def let_through(table: Table) -> Table | None:
    """Give the rows that the contract lets through, None where there are none."""
    kept = rows_in_order(table)
    return pack(table.features, {name: column[kept] for name, column in table.columns.items()}) if len(kept) else None


def unit_errors(table: Table, numeric: list[str]) -> Iterator[dict[str, Array]]:
    """Yield the records once per column, with that column in another unit."""
    for name in numeric:
        yield {name: table.columns[name] * UNIT_FACTOR}


def swapped_columns(table: Table, numeric: list[str], random: np.random.Generator) -> Iterator[dict[str, Array]]:
    """Yield the records with a pair of columns of different scale exchanged in each."""
    median = {name: abs(float(np.nanmedian(table.columns[name]))) for name in numeric}
    pairs = [
        (one, other)
        for one in numeric
        for other in numeric
        if median[one] > 0 and median[other] >= SCALE_FACTOR * median[one]
    ]
    if not pairs:
        return
    for _ in range(SWAPS_PER_ROW):
        columns = {name: table.columns[name].copy() for name in numeric}
        for row, choice in enumerate(random.integers(len(pairs), size=table.rows)):
            one, other = pairs[choice]
            columns[one][row], columns[other][row] = columns[other][row], columns[one][row]
        yield columns


def uniform_records(table: Table, numeric: list[str], random: np.random.Generator) -> Iterator[dict[str, Array]]:
    """Yield records whose numbers are independent of each other."""
    if numeric:
        yield {
            name: random.uniform(np.nanmin(table.columns[name]), np.nanmax(table.columns[name]), UNIFORM_RECORDS)
            for name in numeric
        }
