"""The same measures of what was counted in different cells: more may be known of an output than before."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from gateway.sides import Moments


def alike(several: Sequence[Moments]) -> list[Moments]:
    """Give all by the same measures: by all categories that any has, and only by the value where other cells differ.

    Values are less the pivot of the first.
    """
    first = several[0]
    several = [one.about(first.pivot) for one in several]
    if all((one.edges, one.categories) == (first.edges, first.categories) for one in several):
        return several
    if not all(one.categories for one in several):
        return [replace(one, sums=[its[:1] for its in one.sums], edges=[], categories=[]) for one in several]
    every = list(dict.fromkeys(category for one in several for category in one.categories))
    return [by_all(one, every) for one in several]


def by_all(one: Moments, categories: list[str]) -> Moments:
    """Give one with cells for all categories, of which its own are some."""
    places = [0, *(1 + categories.index(its) for its in one.categories), 1 + len(categories)]
    sums = np.zeros((len(one.sums), 2 + len(categories)))
    sums[:, places] = one.sums
    return replace(one, sums=sums.tolist(), categories=categories)
