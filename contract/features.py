"""All features of a record, in order, with what follows from them: found once, not for every request."""

import struct
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.feature import Feature

Array = NDArray[Any]

LAST = np.finfo(np.float64).max


class Features(tuple[Feature, ...]):  # noqa: SLOT001 (the dictionary keeps what is found)
    """Hold the features of one record; make it with `in_order`."""

    @cached_property
    def layout(self) -> str:
        """Name and datatype of every column: where it is the same, tables may be put below each other.

        One text, since to compare thirty features one by one took longer than to read the record.
        """
        return "\n".join([f"{feature.name} {feature.datatype}" for feature in self])

    @cached_property
    def datatype(self) -> str | None:
        """Name the one datatype of all features, or None where they differ."""
        datatypes = {feature.datatype for feature in self}
        return datatypes.pop() if len(datatypes) == 1 else None

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """Give each feature by its name."""
        return {feature.name: feature for feature in self}

    @cached_property
    def places(self) -> dict[str, int]:
        """Give the place of each feature by its name."""
        return {feature.name: place for place, feature in enumerate(self)}

    @cached_property
    def bounds(self) -> tuple[Array, Array, Array] | None:
        """Give of each column the smallest value, the largest, and whether NaN stands for a missing one.

        None unless all are numbers, or all are whole numbers that are never missing. A number without a bound ends at
        the last double, so that infinity is beyond it.
        """
        kinds = {(feature.type, feature.datatype) for feature in self}
        if kinds not in ({("number", "FP64")}, {("integer", "INT64")}):
            return None
        limits = np.array([feature.limits for feature in self])
        low, high = np.clip(limits, -LAST, LAST).astype(np.int64 if self.datatype == "INT64" else np.float64).T
        return low.copy(), high.copy(), np.array([feature.nullable for feature in self])

    @cached_property
    def doubles(self) -> struct.Struct | None:
        """Give the form of a record of nothing but numbers that are never missing; None where there may be others."""
        plain = all(feature.type == "number" and not feature.nullable for feature in self)
        return struct.Struct(f"{len(self)}d") if plain else None


def in_order(features: Iterable[Feature]) -> Features:
    """Give the features as one, themselves where they are that already."""
    return features if isinstance(features, Features) else Features(features)
