"""All features of a record, in order, with what follows from them: found once, not for every request."""

import struct
from collections.abc import Iterable
from functools import cached_property

from contract.feature import Feature


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
    def doubles(self) -> struct.Struct | None:
        """Give the form of a record of nothing but numbers that are never missing; None where there may be others."""
        plain = all(feature.type == "number" and not feature.nullable for feature in self)
        return struct.Struct(f"{len(self)}d") if plain else None


def in_order(features: Iterable[Feature]) -> Features:
    """Give the features as one, themselves where they are that already."""
    return features if isinstance(features, Features) else Features(features)
