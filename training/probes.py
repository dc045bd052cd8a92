"""The rows that a converted model is most likely to get wrong.

Held-out rows alone would pass converters that are wrong on a tree's threshold only (histogram gradient boosting: off
by 0.36 on 701 of 5,133 such rows and right on all the others), so the parity gate asks rows on every threshold, on
both sides of it, on both sides of every jump that it finds by asking, and with every null and every category.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from contract import Table, Task, pack
from training.jumps import jump_rows
from training.reads import scores_of
from training.thresholds import threshold_rows, varied


def probe_rows(task: Task, estimator: Any, table: Table, seed: int) -> Table:
    """Give the rows to ask beside `table`, whose rows they vary in one value each."""
    ask = partial(scores_of, task, estimator)
    parts = [*null_rows(table), *category_rows(table), *threshold_rows(estimator, table, seed), *jump_rows(ask, table)]
    names = [feature.name for feature in table.features]
    return pack(table.features, {name: np.concatenate([part.columns[name] for part in parts]) for name in names})


def null_rows(table: Table) -> Iterator[Table]:
    """Yield the first rows with each nullable feature missing."""
    for feature in table.features:
        count = min(table.rows, 16)
        if feature.nullable and feature.type == "category":
            yield varied(table, feature.name, np.array([""] * count, dtype=object))
        elif feature.nullable:
            yield varied(table, feature.name, np.full(count, np.nan))
    yield varied(table, table.features[0].name, table.columns[table.features[0].name][:1])


def category_rows(table: Table) -> Iterator[Table]:
    """Yield rows with each value that the contract allows, seen in training or not."""
    for feature in table.features:
        if feature.type == "category":
            yield varied(table, feature.name, np.array(feature.categories, dtype=object))
        elif feature.type == "boolean":
            yield varied(table, feature.name, np.array([False, True]))
