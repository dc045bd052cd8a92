"""How far both sides of a split are apart in what they answered, and how well that is known."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.canary.alike import alike
from gateway.canary.evidence import Doubles
from gateway.sides import Moments

FEWEST = 100
"""So many requests of each side are behind a mean before it is looked at: its error is known well enough then."""

LOPSIDED = 25
"""So many times the square of its skewness, for which few requests tell too little: Cochran, Sampling Techniques, 1977,
section 2.15. Of a decision that is made once in 3,333 requests, 4 % of all rollouts were rolled back without it."""

Pair = tuple[Moments, Moments]
"""What was counted of one output: the candidate's, and the other side's."""


class Difference(NamedTuple):
    """Hold differences of means, candidate less stable, their standard errors, and the deviation of a row.

    There is one for each measure, NaN where too little is known.
    """

    mean: Doubles
    error: Doubles
    spread: Doubles


def by_step(steps: Sequence[Pair]) -> list[Difference]:
    """Compare the measures of an output in several steps, each step by itself and all by the same measures."""
    every = iter(alike([one for pair in steps for one in pair]))
    return [difference(*pair) for pair in zip(every, every, strict=True)]


def difference(candidate: Moments, stable: Moments) -> Difference:
    """Compare the measures of an output in one step.

    Both sides together tell how a measure varies, as they do where they do not differ: the candidate's few requests
    alone would tell too little.
    """
    sums = [np.array(one.sums) for one in alike([candidate, stable])]
    requests = np.array([candidate.requests, stable.requests], dtype=np.float64)
    mean, square, cube, of_rows = (sums[0] + sums[1]) / requests.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(square - mean**2, 0)
        skewness = (cube - 3 * mean * square + 2 * mean**3) / variance**1.5
        error = np.sqrt(variance * (1 / requests).sum())
        spread = np.sqrt(np.maximum(of_rows - mean**2, 0))
        known = (error > 0) & (requests.min() >= np.maximum(FEWEST, LOPSIDED * skewness**2))
        found = sums[0][0] / requests[0] - sums[1][0] / requests[1]
    return Difference(*(np.where(known, one, np.nan) for one in (found, error, spread)))


def together(steps: Sequence[Difference]) -> Difference:
    """Put the differences of several steps together, each by its information: weights and traffic differ in each."""
    mean, error, spread = (np.array(one) for one in zip(*steps, strict=True))
    information = np.where(np.isnan(error), 0, error**-2.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = information.sum(axis=0)
        parts = [np.where(information > 0, one, 0) * information for one in (mean, spread)]
        return Difference(parts[0].sum(axis=0) / total, total**-0.5, parts[1].sum(axis=0) / total)


def described(found: Difference, measure: int) -> str:
    """Say how the mean, which is the first measure, or the share of a category or cell differs."""
    mean = found.mean[measure]
    if np.isnan(mean):
        return "too few rows"
    if measure:
        return f"a share differs by {mean:+.2%}"
    return f"its mean differs by {mean:+.4g}, {mean / found.spread[0]:+.3f} standard deviations"
