"""The profile: how each feature and each output was distributed in training."""

from typing import Any

import numpy as np

from contract import Columns, Feature, Output
from contract.table import Array

BINS = 20


def profile(fields: tuple[Feature | Output, ...], columns: Columns) -> dict[str, Any]:
    """Describe columns by name; `rows` counts all rows, `missing` those without a value.

    A number of many values has `edges` (k+1, increasing; the outer bins are open) and `counts` (k), bins of about equal
    share; everything else has `values` and their `counts`. A number has `minimum`, `maximum`, `mean` and `deviation`.
    """
    return {field.name: describe(field, columns[field.name]) for field in fields}


def describe(field: Feature | Output, column: Array) -> dict[str, Any]:
    """Describe one column."""
    if field.type == "category":
        found = column[column != ""]
        return counted(column, found, list(field.categories))
    numbers = column.astype(np.float64)
    found = numbers[~np.isnan(numbers)]
    if field.type == "boolean":
        return counted(column, found, [False, True])
    values = np.unique(found)
    described = counted(column, found, values.tolist()) if len(values) <= BINS else binned(column, found)
    if len(found):
        described |= {
            "minimum": float(found.min()),
            "maximum": float(found.max()),
            "mean": float(found.mean()),
            "deviation": float(found.std()),
        }
    return described


def counted(column: Array, found: Array, values: list[Any]) -> dict[str, Any]:
    """Count each value."""
    counts = [int((found == value).sum()) for value in values]
    return {"rows": len(column), "missing": len(column) - len(found), "values": values, "counts": counts}


def binned(column: Array, found: Array) -> dict[str, Any]:
    """Count in bins between quantiles."""
    edges = np.unique(np.quantile(found, np.linspace(0, 1, BINS + 1)))
    counts = np.bincount(np.searchsorted(edges[1:-1], found, side="right"), minlength=len(edges) - 1)
    return {
        "rows": len(column),
        "missing": len(column) - len(found),
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }
