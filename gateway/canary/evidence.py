"""Always-valid evidence: e-values that may be looked at whenever rows come, without more false alarms for that.

An e-process is at no time expected to be above 1 where nothing is wrong, so the probability that it ever reaches 1/p is
at most p (Ville, Étude critique de la notion de collectif, 1939). All are given as logarithms.
"""

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

RATIOS = np.geomspace(2, 1e6, 60)
"""What a candidate's share of failures may be, as a multiple of what is allowed, one as probable as the other."""

EXPECTED = 0.1
"""The shift of a mean, in standard deviations of a row, for which the test is the quickest."""


def mixture(distance: Doubles, error: Doubles, spread: Doubles) -> Doubles:
    """Give the e-values against estimates that are so far from what is allowed, by their standard error.

    With V the information 1/error², it is exp(V²d²τ²/2(1+Vτ²))/√(1+Vτ²), the likelihood of a shift drawn from a normal
    distribution of the width τ over that of none: Robbins, Ann. Math. Statist. 41 (1970) 1397; for differences of two
    sides as they grow, Johari et al., Operations Research 70 (2022) 1806, (mSPRT). A difference of means over growing
    samples moves in V as a Brownian motion does, whatever the sides' shares (Jennison and Turnbull, Group Sequential
    Methods, 2000, ch. 3), and with estimated variances it does so as samples grow (Waudby-Smith et al., Time-uniform
    central limit theory and asymptotic confidence sequences, arXiv 2103.06476, theorem 2.2). `spread` is the standard
    deviation of a row.
    """
    growth = (EXPECTED * spread / error) ** 2
    return (distance / error) ** 2 * growth / (2 * (1 + growth)) - np.log1p(growth) / 2


def mean_of(logs: Doubles) -> float:
    """Give the mean of e-values, which is one too, however they depend: Vovk and Wang, Ann. Statist. 49 (2021) 1736."""
    top = float(logs.max(initial=-math.inf))
    return top + math.log(float(np.exp(logs - top).mean())) if math.isfinite(top) else 0.0


class Failures:
    """Weigh failures of the candidate against those of the stable side.

    Where both fail alike, each failure is the candidate's as often as each request is, by its share of them; where it
    may fail `ratio` times as often, by so much more. The likelihood of larger ratios over that of this one is an
    e-process for it and all below, and so is its mean over `RATIOS` (the mixture of Robbins, above). Given how many
    failures there are, they are drawn without replacement, which only narrows it: Hoeffding, J. Am. Stat. Assoc. 58
    (1963), theorem 4.
    """

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio
        self.logs: Doubles = np.zeros(len(RATIOS))

    def add(self, candidate: tuple[int, int], stable: tuple[int, int]) -> None:
        """Take the failures and requests of each side since the last time."""
        (failed, requests), (others_failed, others) = candidate, stable
        if not requests or not others:
            return
        allowed = self.ratio * requests / (self.ratio * requests + others)
        odds = self.ratio * RATIOS * requests / others
        self.logs += failed * (np.log(odds / (1 + odds)) - math.log(allowed))
        self.logs -= others_failed * (np.log1p(odds) + math.log1p(-allowed))

    @property
    def log_e(self) -> float:
        """Give what it weighs."""
        return mean_of(self.logs)
