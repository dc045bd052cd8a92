"""Latencies of many requests: percentiles, and a histogram to look at."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

WIDTH = 50
SHOWN = (0.5, 0.9, 0.99, 0.999, 1.0)


@dataclass(frozen=True)
class Latencies:
    """Hold a latency in seconds for every request that was due, sorted, and how requests ended.

    A request that got no answer has the time until it was given up: less than the truth, but not left out.
    `late_s` is by how much the sender itself was late at most, where a connection was free.
    """

    sorted_s: list[float]
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    seconds: float = 0
    late_s: float = 0

    def ms(self, share: float) -> float:
        """Give a percentile in milliseconds, by nearest rank; NaN where there was no request."""
        if not self.sorted_s:
            return math.nan
        return self.sorted_s[max(0, math.ceil(share * len(self.sorted_s)) - 1)] * 1e3

    @property
    def answered(self) -> int:
        """Count the answers of any status."""
        return self.statuses.total()

    @property
    def rate(self) -> float:
        """Give the answers of any status in a second."""
        return self.answered / self.seconds if self.seconds else 0

    @property
    def said(self) -> str:
        """Say how many were answered with which status."""
        counts = [f"{number} of {status}" for status, number in sorted(self.statuses.items())] or ["no answer"]
        return f"{', '.join(counts)}, {self.unanswered} unanswered"

    @property
    def errors(self) -> int:
        """Count the requests that were not answered with 200."""
        return self.unanswered + self.answered - self.statuses[200]

    def above(self, seconds: float) -> int:
        """Count the requests that took longer."""
        return sum(one > seconds for one in self.sorted_s)

    def lines(self) -> list[str]:
        """Write what was found, with a histogram whose buckets double."""
        count = len(self.sorted_s)
        shown = ", ".join(f"p{share * 100:g} {self.ms(share):.3f}" for share in SHOWN)
        rate = count / self.seconds if self.seconds else 0
        return [
            f"{count} requests in {self.seconds:.2f} s, {rate:.1f}/s: {self.said}",
            f"the sender was late by {self.late_s * 1e3:.3f} ms at most",
            f"latency from the moment each was due, in ms: {shown}",
            *histogram(self.sorted_s),
        ]


def histogram(seconds: Iterable[float]) -> list[str]:
    """Draw a histogram, a line for each power of two of milliseconds."""
    counts = Counter(math.floor(math.log2(max(one, 1e-6) * 1e3)) for one in seconds)
    if not counts:
        return []
    most = max(counts.values())
    return [
        f"{2.0**power:10.3f} to {2.0 ** (power + 1):10.3f} ms {counts[power]:8} "
        f"{'#' * math.ceil(counts[power] / most * WIDTH)}".rstrip()
        for power in range(min(counts), max(counts) + 1)
    ]
