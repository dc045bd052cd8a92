"""The single mutations that break a contract: of a value, of the members of a record, and of a tensor."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from contract import Feature
from contract.feature import LARGEST_INTEGER
from tests.oip.columns import Column

OTHER_DATATYPE = {"FP64": "FP32", "INT64": "INT32", "BOOL": "UINT8", "BYTES": "FP64"}


def wrong_values(feature: Feature) -> Iterator[tuple[str, Any]]:
    """Yield a name and a value for everything that the feature does not allow."""
    low, high = feature.limits
    yield "an object", {}
    if not feature.nullable:
        yield "null", None
    if feature.type in ("number", "integer"):
        yield from (("a text for a number", "1"), ("true for a number", True))
        yield from (("too large for a double", math.inf), ("too small for a double", -math.inf))
        step = math.nextafter if feature.type == "number" else whole_step
        if math.isfinite(low):
            yield "one step below the minimum", step(low, -math.inf)
        if math.isfinite(high):
            yield "one step above the maximum", step(high, math.inf)
    if feature.type == "number" and not feature.nullable:
        yield "NaN", math.nan
    if feature.type == "integer":
        yield "a fraction", low + 0.5 if abs(low) < 1000 else 0.5
    if feature.type == "boolean":
        yield from (("a number for a boolean", 2), ("a text for a boolean", "true"))
    if feature.type == "category":
        yield from (("an unknown category", "other"), ("a number for a category", 1))
        if not feature.nullable:
            yield "the empty string", ""


def whole_step(bound: float, towards: float) -> int:
    """Give the next whole number that a double can hold, for a nullable one travels as a double."""
    step = 2 if abs(bound) >= LARGEST_INTEGER else 1
    return int(bound) + (step if towards > 0 else -step)


def another_datatype(columns: list[Column], index: int) -> tuple[list[Column], str]:
    """Send a column as what it is not."""
    one = columns[index]
    changed = Column(one.name, OTHER_DATATYPE[one.datatype], one.shape, (0,) * len(one.data))
    return [*columns[:index], changed, *columns[index + 1 :]], f"/inputs/{index}/datatype"


def another_rank(columns: list[Column], index: int) -> tuple[list[Column], str]:
    """Give a column two dimensions too many."""
    one = columns[index]
    changed = Column(one.name, one.datatype, (1, *one.shape, 1), one.data)
    return [*columns[:index], changed, *columns[index + 1 :]], f"/inputs/{index}/shape"


def a_row_too_few(columns: list[Column], index: int) -> tuple[list[Column], str]:
    """Cut the last row off."""
    one = columns[index]
    changed = Column(one.name, one.datatype, (one.shape[0] - 1, *one.shape[1:]), one.data[:-1])
    return [*columns[:index], changed, *columns[index + 1 :]], f"/inputs/{index}/shape"


def twice(columns: list[Column], index: int) -> tuple[list[Column], str]:
    """Send a column twice."""
    return [*columns, columns[index]], f"/inputs/{len(columns)}/name"


TENSOR_MUTATIONS: tuple[Callable[[list[Column], int], tuple[list[Column], str]], ...] = (
    another_datatype,
    another_rank,
    a_row_too_few,
    twice,
)
