"""A number of two plans, compared in constant memory: differences, and what one is as a straight line of the other."""

import math
from typing import NamedTuple

import numpy as np

from contract import TOLERANCE
from contract.table import Array

BOUNDS = np.geomspace(1e-9, 1e9, 73)
"""Four buckets a decade: a quantile is at most 1.8 times what it would be exactly."""

DECIMALS = range(5)


class Line(NamedTuple):
    """Say that the candidate's number is `slope` times the other plus `offset`, which leaves a share `residual`."""

    slope: float
    offset: float
    residual: float


class Numbers:
    """Count how far apart two numbers are, `apart` by more than the contract's tolerance.

    Arrays of two have the number that callers get first. `lost` and `gained` count rows in which only one is missing.
    Means and squares are put together as by Chan, Golub and LeVeque (1979), which does not cancel.
    """

    def __init__(self) -> None:
        self.rows = self.lost = self.gained = self.apart = 0
        self.means = np.zeros(2)
        self.squares = np.zeros((2, 2))
        self.absolute = self.largest = 0.0
        self.counts = np.zeros(len(BOUNDS) + 1, dtype=np.int64)
        self.lowest, self.highest = np.full(2, math.inf), np.full(2, -math.inf)
        self.at_lowest, self.at_highest = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
        self.rounded = np.zeros((2, len(DECIMALS)), dtype=np.int64)

    def add(self, was: Array, now: Array) -> Array:
        """Take `[rows]` of both, NaN where one is missing; gives in which rows they are apart."""
        both = np.array([was, now], dtype=np.float64)
        missing = np.isnan(both)
        self.lost += int((missing[1] & ~missing[0]).sum())
        self.gained += int((missing[0] & ~missing[1]).sum())
        there = ~missing.any(axis=0)
        apart: Array = missing[0] != missing[1]
        values = both[:, there]
        if values.shape[1]:
            with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the largest double
                apart[there] = self.measure(values)
        return apart

    def measure(self, values: Array) -> Array:
        """Take `[2, rows]` of which none is missing; gives where they are apart."""
        differences = np.abs(values[1] - values[0])
        apart: Array = differences > TOLERANCE * np.maximum(1.0, np.abs(values[0]))
        self.apart += int(apart.sum())
        self.absolute += float(differences.sum())
        self.largest = max(self.largest, float(differences.max()))
        self.counts += np.bincount(np.searchsorted(BOUNDS, differences), minlength=len(self.counts))
        self.put_together(values)
        self.note_ends(values)
        for place, decimals in enumerate(DECIMALS):
            self.rounded[:, place] += (np.abs(values - values.round(decimals)) < 1e-9).sum(axis=1)
        return apart

    def put_together(self, values: Array) -> None:
        """Put means and squares together with those of these rows."""
        rows = values.shape[1]
        means = values.mean(axis=1)
        centred = values - means[:, None]
        step, whole = means - self.means, self.rows + rows
        self.squares += centred @ centred.T + np.outer(step, step) * (self.rows * rows / whole)
        self.means = self.means + step * (rows / whole)
        self.rows = whole

    def note_ends(self, values: Array) -> None:
        """Count how often the lowest and the highest number came, for a number that is cut off comes often."""
        for end, pick in (("lowest", np.minimum), ("highest", np.maximum)):
            old, count = getattr(self, end), getattr(self, f"at_{end}")
            new = pick(old, pick.reduce(values, axis=1))
            setattr(self, end, new)
            setattr(self, f"at_{end}", np.where(new == old, count, 0) + (values == new[:, None]).sum(axis=1))

    @property
    def line(self) -> Line | None:
        """Give the straight line of least squares; None where either is always the same."""
        (spread, shared), (_, others) = self.squares
        if self.rows < 2 or spread <= 0 or others <= 0:
            return None
        slope = shared / spread
        residual = max(0.0, 1 - shared * shared / (spread * others))
        return Line(float(slope), float(self.means[1] - slope * self.means[0]), float(residual))

    def quantile(self, share: float) -> float:
        """Give a bound that so large a share of the differences is not above."""
        place = int(np.searchsorted(self.counts.cumsum(), share * self.counts.sum()))
        return min(self.largest, float(BOUNDS[min(place, len(BOUNDS) - 1)]))
