"""Rows on both sides of the jumps of any estimator, found by asking it.

Trees tell their thresholds (`training/thresholds.py`); binning, binarising, neighbours and whatever else is not
continuous do not. Between two values of a feature for which the estimator answers differently lies a jump or a slope:
halving the interval and keeping the half that differs more ends at the jump if there is one. All intervals of all
features are halved at once, so that the estimator is asked some sixty times in all. A discretiser in front of
a regression converts without a word and is wrong beside its edges only.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
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
    """Yield the rows at both ends of the last intervals, and the same in single precision."""
    intervals = [(name, low, high) for name, grid in grids(table) for low, high in pairwise(grid) for _ in range(BASES)]
    if not intervals:
        return
    names = np.array([name for name, _, _ in intervals])
    low, high = (np.array([interval[end] for interval in intervals]) for end in (1, 2))
    base = np.arange(len(names)) % min(BASES, table.rows)

    def at(values: Array) -> Table:
        columns: dict[str, Any] = {name: column[base] for name, column in table.columns.items()}
        for name in np.unique(names):
            columns[name][names == name] = values[names == name]
        return pack(table.features, columns)

    at_low, at_high = ask(at(low)), ask(at(high))
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2
        at_middle = ask(at(middle))
        left = np.abs(at_middle - at_low).max(axis=1) >= np.abs(at_high - at_middle).max(axis=1)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
        at_low = np.where(left[:, None], at_low, at_middle)
        at_high = np.where(left[:, None], at_middle, at_high)
    for values in (low, high):
        yield at(values)
        yield at(values.astype(np.float32).astype(np.float64))


def grids(table: Table) -> Iterator[tuple[str, Array]]:
    """Yield, for each number, the values to look between."""
    for feature in table.features:
        if feature.type in ("number", "integer"):
            column = table.columns[feature.name].astype(np.float64)
            known = column[np.isfinite(column)]
            yield feature.name, np.unique(np.quantile(known, np.linspace(0, 1, GRID))) if len(known) else known
