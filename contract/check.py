"""The one checker of records: what a value may be, and where a record breaks its contract."""

import difflib
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from contract.feature import Feature

LONGEST_NAME = 64
"""No field is longer; of what callers invent no more is looked at or told."""

MOST_FAULTS = 20
"""As many faults are reported at once; more would only hide them."""


class Fault(NamedTuple):
    """Say what is wrong, and where: `path` are the keys and indexes from the top of the document."""

    path: tuple[str | int, ...]
    message: str

    @property
    def pointer(self) -> str:
        """Write the place as a JSON pointer (RFC 6901)."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)


def value_fault(feature: Feature, value: Any) -> str | None:
    """Say why a JSON value may not stand for the feature, or None if it may."""
    if value is None:
        return None if feature.nullable else "must not be null"
    if feature.type == "boolean":
        return None if isinstance(value, bool) else f"must be true or false, not {spoken(value)}"
    if feature.type == "category":
        return category_fault(feature, value)
    whole = feature.type == "integer"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be {'a whole number' if whole else 'a number'}, not {spoken(value)}"
    if not math.isfinite(as_float(value)):
        return "must be a finite number"
    if whole and value != int(value):
        return f"must be a whole number, not {spoken(value)}"
    low, high = feature.limits
    if value < low:
        return f"must be at least {low:.15g}{unit(feature)}, not {value:.15g}"
    if value > high:
        return f"must be at most {high:.15g}{unit(feature)}, not {value:.15g}"
    return None


def category_fault(feature: Feature, value: Any) -> str | None:
    """Say why a value is none of the categories, or None if it is one."""
    if value in feature.categories if isinstance(value, str) else False:
        return None
    known = ", ".join(map(repr, feature.categories[:12])) + (", …" if len(feature.categories) > 12 else "")
    return f"must be one of {known}, not {spoken(value)}"


def record_faults(
    features: Sequence[Feature],
    records: Sequence[Any],
    at: tuple[str | int, ...],
    first: int = 0,
    *,
    others: bool = False,
) -> list[Fault]:
    """Find what is wrong in a list of JSON records that stands at `at`, the first MOST_FAULTS of it.

    `first` is the place of the first record, where some come before it. What is no feature is a fault, unless records
    may hold `others`.
    """
    by_name = {feature.name: feature for feature in features}
    if others:
        records = [known_of(by_name, record) for record in records]
    found = (fault for row, record in enumerate(records, first) for fault in one_record(by_name, record, (*at, row)))
    return list(islice(found, MOST_FAULTS))


def known_of(features: dict[str, Feature], record: Any) -> Any:
    """Leave out of a record what is no feature."""
    return {name: record[name] for name in features if name in record} if isinstance(record, dict) else record


def one_record(features: dict[str, Feature], record: Any, at: tuple[str | int, ...]) -> Iterator[Fault]:
    """Yield the faults of one record: what does not belong, then the features in their order."""
    if not isinstance(record, dict):
        yield Fault(at, f"must be an object with one member per feature, not {spoken(record)}")
        return
    for name in sorted(record.keys() - features.keys()):
        short = name[:LONGEST_NAME]
        close = difflib.get_close_matches(short, features, n=1)
        yield Fault((*at, short), "is not a feature of this model" + (f"; did you mean {close[0]}?" if close else ""))
    for name, feature in features.items():
        if name not in record:
            yield Fault((*at, name), "is missing")
        elif message := value_fault(feature, record[name]):
            yield Fault((*at, name), message)


def spoken(value: Any) -> str:
    """Name a JSON value shortly, for a message."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return ("the string " if isinstance(value, str) else "") + (text if len(text) <= 40 else text[:39] + "…")


def as_float(value: float) -> float:
    """Give a number as a double, infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def unit(feature: Feature) -> str:
    """Give the unit to print behind a number."""
    return f" {feature.unit}" if feature.unit else ""
