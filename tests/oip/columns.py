"""Records as the columns that a client of the protocol makes of them, before any codec."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contract import MATRIX_NAME, Feature

Record = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """Hold a tensor as a client means it: `data` are JSON's values in row-major order, None for NaN."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: tuple[Any, ...]


def columns_of(features: Sequence[Feature], records: Sequence[Record]) -> list[Column]:
    """Give one tensor `[n]` per member of the records; what is no feature is a number."""
    by_name = {feature.name: feature for feature in features}
    columns = []
    for name in records[0]:
        feature = by_name.get(name)
        data = tuple(element(feature, record[name]) for record in records)
        columns.append(Column(name, feature.datatype if feature else "FP64", (len(records),), data))
    return columns


def element(feature: Feature | None, value: Any) -> Any:
    """Give a value as an element: a missing category is the empty string, a nullable boolean a double."""
    if feature is None:
        return value
    if feature.type == "category":
        return "" if value is None else value
    return float(value) if feature.datatype == "FP64" and feature.type == "boolean" and value in (0, 1) else value


def flat(columns: Sequence[Column]) -> list[Column]:
    """Leave each `[n]`."""
    return list(columns)


def upright(columns: Sequence[Column]) -> list[Column]:
    """Make each `[n, 1]`."""
    return [Column(one.name, one.datatype, (*one.shape, 1), one.data) for one in columns]


def matrix(columns: Sequence[Column]) -> list[Column]:
    """Put them beside each other in one `[n, k]`."""
    data = tuple(value for row in zip(*(one.data for one in columns), strict=True) for value in row)
    return [Column(MATRIX_NAME, columns[0].datatype, (columns[0].shape[0], len(columns)), data)]
