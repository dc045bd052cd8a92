"""How far the rows of a window are from those of training, and how far they may be by chance."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from gateway.drift.cells import Cells, Counts, Doubles

SMOOTHED = 0.5
"""What each cell has in addition, so that an empty one has a logarithm (Jeffreys' prior)."""


@dataclass(frozen=True)
class Distances:
    """Hold what is found of each field, `[fields]`; `shares` are those of all cells, one field after the other.

    `psi` is the population stability index, `ks` the Kolmogorov-Smirnov distance (NaN of what has no order), `missing`
    and `unseen` are shares. `ratio` is the largest of what is compared over what chance allows: an alarm is from 1 on.
    """

    psi: Doubles
    ks: Doubles
    missing: Doubles
    unseen: Doubles
    shares: Doubles
    ratio: Doubles


class Training:
    """Compare windows with the counts of training.

    `false_alarms` is the probability that a window of undrifted rows raises any alarm in any of the fields. Each field
    is compared in up to four ways, and each of these has its part of the probability (Bonferroni), so it holds
    whatever depends on what.
    """

    def __init__(self, cells: Cells, false_alarms: float) -> None:
        self.cells = cells
        starts, fields = cells.cells.starts, cells.fields
        self.sizes = np.diff([*starts, len(cells.cells.upper)])
        self.segment = np.repeat(np.arange(len(fields)), self.sizes)
        counts = np.array([count for field in fields for count in field.training.counts or (0,)], dtype=np.int64)
        self.rows = np.array([field.training.rows for field in fields])
        self.missing_rows = np.array([field.training.missing for field in fields])
        self.present = np.maximum(self.rows - self.missing_rows, 1)
        self.shares = counts / self.present[self.segment]
        self.smoothed = smoothed(counts, self.sizes, starts)
        self.cumulated = cumulated(self.shares, starts, self.sizes)
        self.ordered = np.array([field.ordered for field in fields])
        self.nullable = np.array([field.nullable for field in fields])
        self.valued = np.array([not field.training.edges for field in fields])
        several = self.sizes > 1
        tests = int(sum(map(np.sum, (several, several & self.ordered, self.nullable, self.valued))))
        chance = false_alarms / max(tests, 1)
        self.most_psi = np.array([chi_square(chance, max(int(size) - 1, 1)) for size in self.sizes])
        self.most_ks = math.sqrt(math.log(2 / chance) / 2)
        self.most_share = chi_square(chance, 1)

    def distances(self, rows: int, below: Counts) -> Distances:
        """Compare `rows` rows, counted as `Cells` says.

        Under no drift the index is distributed as chi-square with a degree of freedom less than there are cells, times
        1/n + 1/m of the rows in the window and in training (Yurdakul and Naranjo, "Statistical properties of the
        population stability index", 2020); that of two cells tells of shares. The distance exceeds d with a
        probability of at most 2 exp(-2 d² nm / (n + m)) (Smirnov, 1939; of bins it is less).
        """
        cells = self.cells
        present = below[cells.present]
        some = np.maximum(present, 1)
        counts = cells.cells.counts(below)
        starts = cells.cells.starts
        ours = smoothed(counts, self.sizes, starts)
        psi = np.add.reduceat((ours - self.smoothed) * np.log(ours / self.smoothed), starts)
        shares = counts / some[self.segment]
        ks = np.maximum.reduceat(np.abs(cumulated(shares, starts, self.sizes) - self.cumulated), starts)
        ks[~self.ordered] = np.nan
        seen = np.add.reduceat(cells.seen.counts(below), cells.seen.starts)
        chance = 1 / some + 1 / self.present
        missing = two_cells(rows - present, rows, self.missing_rows, self.rows)
        unseen = two_cells(present - seen, present, 0, self.present)
        ratios = (
            np.where(self.sizes > 1, psi / (chance * self.most_psi), 0),
            np.where(self.ordered, ks / (np.sqrt(chance) * self.most_ks), 0),
            np.where(self.nullable, missing / ((1 / rows + 1 / self.rows) * self.most_share), 0),
            np.where(self.valued, unseen / (chance * self.most_share), 0),
        )
        return Distances(psi, ks, (rows - present) / rows, (present - seen) / some, shares, np.maximum.reduce(ratios))


def smoothed(counts: Counts, sizes: Counts, starts: Counts) -> Doubles:
    """Give the shares of cells, none of which is empty."""
    whole = np.add.reduceat(counts, starts) + SMOOTHED * sizes
    result: Doubles = (counts + SMOOTHED) / np.repeat(whole, sizes)
    return result


def cumulated(shares: Doubles, starts: Counts, sizes: Counts) -> Doubles:
    """Add shares up within each field."""
    sums = np.cumsum(shares)
    result: Doubles = sums - np.repeat(sums[starts] - shares[starts], sizes)
    return result


def two_cells(some: Counts, of: Counts | int, others: Counts | int, of_others: Counts) -> Doubles:
    """Give the population stability index of two cells: `some` rows `of` all, and those that are left."""
    ours, theirs = (some + SMOOTHED) / (of + 2 * SMOOTHED), (others + SMOOTHED) / (of_others + 2 * SMOOTHED)
    result: Doubles = (ours - theirs) * (np.log(ours / theirs) - np.log((1 - ours) / (1 - theirs)))
    return result


def chi_square(probability: float, freedom: int) -> float:
    """Give what a chi-square variable exceeds with this probability, by Wilson and Hilferty (1931); up to 10 % more."""
    if freedom == 1:
        return NormalDist().inv_cdf(1 - probability / 2) ** 2
    part = 2 / (9 * freedom)
    beyond = NormalDist().inv_cdf(1 - probability)
    return float(freedom * (1 - part + beyond * math.sqrt(part)) ** 3)
