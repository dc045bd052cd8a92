"""The profile: how each feature and each output was distributed in training."""

from typing import Any

import numpy as np

from contract import Columns, Feature, Output
from contract.table import Array

BINS = 20


def profile(fields: tuple[Feature | Output, ...], columns: Columns) -> dict[str, Any]:
    """Describe columns by name: counts in bins of equal share for numbers, counts by value for all else.

    A number has `edges` (k+1, increasing; the outer bins are open), `counts` (k), `minimum`, `maximum`, `mean` and
    `deviation`; everything else `values` and `counts`. `rows` counts all rows, `missing` those without a value.
    """
    return {field.name: describe(field, columns[field.name]) for field in fields}


def describe(field: Feature | Output, column: Array) -> dict[str, Any]:
    """Describe one column."""
    if field.type == "category":
        present = column[column != ""]
        values: list[Any] = list(field.categories)
    else:
        present = column[~np.isnan(column.astype(np.float64))]
        values = [False, True] if field.type == "boolean" else []
    head = {"rows": len(column), "missing": len(column) - len(present)}
    if values:
        return {**head, "values": values, "counts": [int((present == value).sum()) for value in values]}
    if not len(present):
        return {**head, "edges": [], "counts": []}
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)))
    inner = edges[1:-1]
    counts = np.bincount(np.searchsorted(inner, present, side="right"), minlength=len(inner) + 1)
    return {
        **head,
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "minimum": float(present.min()),
        "maximum": float(present.max()),
        "mean": float(present.mean()),
        "deviation": float(present.std()),
    }
