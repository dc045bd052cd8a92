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

NULLS = 16
"""So many rows are asked with each null, and one with each other value."""


def probe_rows(task: Task, estimator: Any, table: Table, seed: int) -> Table:
    """Give the rows to ask beside `table`, whose rows they vary in one value each."""
    ask = partial(scores_of, task, estimator)
    parts = [rows for _, rows in allowed_rows(table)]
    first = table.features[0].name
    parts.append(varied(table, first, table.columns[first][:1]))  # there may be nothing else to ask
    parts += [*threshold_rows(estimator, table, seed), *jump_rows(ask, table)]
    names = [feature.name for feature in table.features]
    return pack(table.features, {name: np.concatenate([part.columns[name] for part in parts]) for name in names})


def allowed_rows(table: Table) -> Iterator[tuple[str, Table]]:
    """Yield rows with each null and each value of few that the contract allows, seen in training or not: what, rows."""
    for feature in table.features:
        if feature.type == "category":
            values = np.array(feature.categories, dtype=object)
            yield f"each category of {feature.name}", varied(table, feature.name, values)
        elif feature.type == "boolean":
            yield f"false and true for {feature.name}", varied(table, feature.name, np.array([False, True]))
        if feature.nullable:
            missing = np.array([""] * NULLS, dtype=object) if feature.type == "category" else np.full(NULLS, np.nan)
            yield f"null for {feature.name}", varied(table, feature.name, missing)
