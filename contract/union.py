"""The features of several models together: what a record must hold so that each of them can read it."""

from collections.abc import Iterable, Sequence

import msgspec

from contract.feature import ContractError, Feature
from contract.features import Features


def union_of_features(contracts: Iterable[Sequence[Feature]]) -> Features:
    """Join the features of several models, in the order of their first appearance.

    A feature that several read must satisfy them all: the narrower bounds, the common categories, null only where
    each allows it. Raises ContractError where nothing could.
    """
    union: dict[str, Feature] = {}
    given = list(contracts)
    for features in given:
        for feature in features:
            known = union.get(feature.name)
            union[feature.name] = feature if known is None or known == feature else narrowed(known, feature)
    found = Features(union.values())
    # Where one model reads just these, its own are given: its table is then the record's as it is.
    return next((its for its in given if isinstance(its, Features) and its == found), found)


def narrowed(one: Feature, other: Feature) -> Feature:
    """Give the feature that satisfies both."""
    if one.type != other.type:
        raise ContractError(f"{one.name}: one model reads it as {one.type}, another as {other.type}")
    if one.unit and other.unit and one.unit != other.unit:
        raise ContractError(f"{one.name}: one model reads it in {one.unit}, another in {other.unit}")
    minima = [bound for bound in (one.minimum, other.minimum) if bound is not None]
    maxima = [bound for bound in (one.maximum, other.maximum) if bound is not None]
    return msgspec.structs.replace(
        one,
        nullable=one.nullable and other.nullable,
        minimum=max(minima, default=None),
        maximum=min(maxima, default=None),
        categories=tuple(category for category in one.categories if category in other.categories),
    )
