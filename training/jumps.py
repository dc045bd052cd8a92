"""Rows on both sides of the jumps of any estimator, found by asking it.

Trees tell their thresholds (`training/thresholds.py`); binning, binarising, neighbours and whatever else is not
continuous do not. Between two values of a feature for which the estimator answers differently lies a jump or a slope:
halving the interval and keeping the half that differs more ends at the jump if there is one. A discretiser in front of
a regression converts without a word and is wrong beside its edges only.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from contract import Table, pack
from contract.table import Array

GRID = 24
"""Values of each feature to look between: quantiles of the held-out rows."""

BASES = 2
"""Rows in which the value is changed."""

HALVINGS = 60

Ask = Callable[[Table], Array]


def jump_rows(ask: Ask, table: Table) -> Iterator[Table]:
    """Yield, for each number, the rows at both ends of the last intervals, and the same in single precision."""
    for feature in table.features:
        column = table.columns[feature.name].astype(np.float64) if feature.type in ("number", "integer") else None
        if column is None or not np.isfinite(column).any():
            continue
        grid = np.unique(np.quantile(column[np.isfinite(column)], np.linspace(0, 1, GRID)))
        if len(grid) > 1:
            low, high = np.repeat(grid[:-1], BASES), np.repeat(grid[1:], BASES)
            for values in narrowed(ask, table, feature.name, low, high):
                yield with_values(table, feature.name, values)


def narrowed(ask: Ask, table: Table, name: str, low: Array, high: Array) -> list[Array]:
    """Halve all intervals at once; gives their ends, and those rounded to single precision."""
    at_low, at_high = (ask(with_values(table, name, values)) for values in (low, high))
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2
        at_middle = ask(with_values(table, name, middle))
        left = np.abs(at_middle - at_low).max(axis=1) >= np.abs(at_high - at_middle).max(axis=1)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
        at_low = np.where(left[:, None], at_low, at_middle)
        at_high = np.where(left[:, None], at_middle, at_high)
    return [low, high, low.astype(np.float32).astype(np.float64), high.astype(np.float32).astype(np.float64)]


def with_values(table: Table, name: str, values: Array) -> Table:
    """Give the first rows of a table in turn, with these values in one column."""
    index = np.arange(len(values)) % min(BASES, table.rows)
    columns: dict[str, Any] = {other: column[index] for other, column in table.columns.items()}
    return pack(table.features, {**columns, name: values})
