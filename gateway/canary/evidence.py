"""Always-valid evidence: e-values that may be looked at whenever rows come, without more false alarms for that.

An e-process is at no time expected to be above 1 where nothing is wrong, so the probability that it ever reaches 1/p is
at most p (Ville, Étude critique de la notion de collectif, 1939). All are given as logarithms.
"""

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

RATIOS = np.geomspace(1.25, 1e9, 60)
"""What a candidate's share of failures may be, as a multiple of what is allowed, one as probable as the other.

So wide, five failures beside none are enough at 25 %, the fewest that can be; up to a million it would take six."""

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


Counted = tuple[Doubles | list[int], int]
"""Events of each kind, and the requests of which they are."""


class Events:
    """Weigh what happens to requests of the candidate against how often it happens to those of the stable side.

    It may happen to a share of the candidate's that is `ratio` times the stable side's p, and `more` of all besides;
    there may be several `kinds` of events, each on its own. An event of the candidate's counts a, one of the stable
    side's b, with ka + b = k + 1 where k is `ratio` times the candidate's requests for one of the stable side: the
    likelihoods of larger ratios, `RATIOS`, over those of this one. Of n and m requests aˣbʸ is expected to be at most
    exp(n(ratio·p + more)(a - 1) + mp(b - 1)) = exp(n·more(a - 1)), as 1 + z ≤ exp(z), whatever p is in this look. So
    it is an e-process by what is more, and so is its mean over `RATIOS` (the mixture of Robbins, above). Without
    `more` it is the sequential test of the ratio of two Poisson rates: Przyborowski and Wilenski, Biometrika 31 (1940)
    313, made always-valid.
    """

    def __init__(self, ratio: float, kinds: int = 1, more: float = 0.0) -> None:
        self.ratio = ratio
        self.more = more
        self.logs: Doubles = np.zeros((kinds, len(RATIOS)))

    def add(self, candidate: Counted, stable: Counted) -> None:
        """Take those of each side since the last time."""
        (events, requests), (others_events, others) = candidate, stable
        if not requests or not others:
            return
        even = self.ratio * requests / others
        b = (1 + even) / (1 + RATIOS * even)
        self.logs += np.outer(events, np.log(RATIOS * b)) + np.outer(others_events, np.log(b))
        self.logs -= requests * self.more * (RATIOS * b - 1)

    @property
    def log_e(self) -> Doubles:
        """Give what each kind weighs."""
        sums: Doubles = np.logaddexp.reduce(self.logs, axis=1)
        return sums - math.log(len(RATIOS))
