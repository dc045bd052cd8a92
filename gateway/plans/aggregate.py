"""One column out of several: how what the members of an ensemble say of the same rows becomes one answer.

`[members, rows]` arrays of numbers hold NaN where a member says nothing of a row, those of text the empty string; then
the others count, and what nobody says is missing in the answer too.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from contract.table import Array

Average = Callable[[Array, Array], Array]
"""Gives `[rows]` numbers out of `[members, rows]` and a weight for each member."""


def mean(values: Array, weights: Array) -> Array:
    """Give the mean by weights above 0: of each row those of the members that say something of it.

    It lies between what they say, whatever rounding does: of scores that are all equal to a threshold none falls below.
    The sum of all weights is 1 at most, or large values would overflow.
    """
    with np.errstate(over="ignore"):  # the quotient may be rounded up, above the largest double
        found = summed(values, weights) / weights.cumsum()[-1]
    if 1 in np.isnan(found).tobytes():
        return mean_of_some(values, weights)
    between: Array = np.minimum(np.maximum(found, np.minimum.reduce(values)), np.maximum.reduce(values))
    return between


def mean_of_some(values: Array, weights: Array) -> Array:
    """Do so where somebody says nothing of a row: which takes four times as long for few rows."""
    heard = ~np.isnan(values)
    total, weighted = summed(heard.astype(float), weights), summed(np.where(heard, values, 0.0), weights)
    low, high = np.where(heard, values, np.inf).min(axis=0), np.where(heard, values, -np.inf).max(axis=0)
    found: Array = np.divide(weighted, total, out=np.full(len(total), np.nan), where=total > 0)
    np.clip(found, low, high, out=found, where=total > 0)
    return found


def summed(values: Array, weights: Array) -> Array:
    """Add what members say by their weights, one after the other.

    numpy's own sums add one row in another order than many: what is said of a row would depend, by the last bits, on
    who else asks at the same time.
    """
    found: Array = np.add.accumulate(values * weights[:, None])[-1]
    return found


def median(values: Array, _: Array) -> Array:
    """Give the middle, or what is halfway between the two in the middle."""
    ordered = np.sort(values, axis=0)  # NaN comes last
    there: Any = len(ordered)
    at: Any = slice(None)
    if 1 in np.isnan(ordered[-1]).tobytes():
        there, at = np.count_nonzero(~np.isnan(ordered), axis=0), np.arange(ordered.shape[1])
    low, high = ordered[(there - 1) // 2, at], ordered[there // 2, at]
    found: Array = np.where(low == high, low, low / 2 + high / 2)  # halves, or large values overflow
    return found


def largest(values: Array, _: Array) -> Array:
    """Give the largest; of booleans it is whether any is true."""
    found: Array = np.fmax.reduce(values, axis=0)
    return found


AVERAGES: Mapping[str, Average] = {
    "mean": mean,
    "weighted": mean,
    "median": median,
    "max": largest,
    "any": largest,
}


def vote(values: Array) -> tuple[Array, Array]:
    """Give what most say, and the share of those who say so among all who say something.

    Of what equally many say it is what the first member says, or the first of those who say one of these. Few rows
    differ, and each is counted once: ten thousand of three members take 5 ms.
    """
    rows = list(zip(*values.tolist(), strict=True))
    counted = {row: most(row) for row in set(rows)}
    said, shares = zip(*[counted[row] for row in rows], strict=True)
    return np.array(said, dtype=values.dtype), np.array(shares)


def most(row: Sequence[Any]) -> tuple[Any, float]:
    """Count the votes of one row."""
    there = [value for value in row if value == value and value != ""]  # noqa: PLR0124 (NaN is not itself)
    if not there:
        return row[0], math.nan
    said = max(there, key=there.count)
    return said, there.count(said) / len(there)
