"""What two versions answered to the same records: added up in constant memory, and the rows that differ most."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from contract import Columns, Output
from contract.feature import Value
from contract.table import Array, from_column
from gateway.histograms import Series
from gateway.shadows.choices import Choices
from gateway.shadows.fit import NUMBERS
from gateway.shadows.numbers import Numbers

WORST = 5
"""So many rows are named."""

FOLDED = 500
"""So many rows are compared at once: a microsecond a row, where one row alone takes 100."""

MS = tuple(float(bound) for bound in np.geomspace(0.1, 100_000, 97))
"""Bounds of milliseconds, 16 a decade: a quantile is at most 16 % too large."""

Versions = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
"""The models and versions of both, those that callers get first."""


class Answered(NamedTuple):
    """Hold what both answered to one request, as columns of the outputs that are compared; none is another's view."""

    id: str
    rows: int
    was: Columns
    now: Columns


class Worst(NamedTuple):
    """Name a row, and hold what both answered; a category that changed counts one, a number how far it went."""

    difference: float
    id: str
    instance: int
    was: Mapping[str, Value]
    now: Mapping[str, Value]


class Comparison:
    """Compare the answers of two versions.

    Failures are by reason, of requests; `told` has the last text of each. Some of those that were answered were only
    when they were asked `again`. Of requests of several rows whose numbers
    differ (`mixed`) some have the same ones in another order (`moved`).
    """

    def __init__(
        self, versions: Versions, outputs: Sequence[tuple[Output, Output]], differences: Sequence[str] = ()
    ) -> None:
        self.versions = versions
        self.outputs = outputs
        self.differences = differences
        self.by_output: dict[str, Numbers | Choices] = {
            output.name: Numbers() if output.type in NUMBERS else Choices() for output, _ in outputs
        }
        self.ms = Series(MS), Series(MS)
        self.requests = self.rows = self.different = self.again = self.dropped = self.mixed = self.moved = 0
        self.failures: Counter[str] = Counter()
        self.told: dict[str, str] = {}
        self.worst: list[Worst] = []
        self.waiting: list[Answered] = []
        self.waiting_rows = 0

    def add(self, one: Answered, was_ms: float, now_ms: float) -> None:
        """Take a request; it is compared with others later."""
        self.requests += 1
        self.ms[0].observe(was_ms)
        self.ms[1].observe(now_ms)
        self.waiting.append(one)
        self.waiting_rows += one.rows

    def fail(self, reason: str, text: str) -> None:
        """Count a request that the candidate did not answer."""
        self.failures[reason] += 1
        self.told[reason] = text

    def fold(self) -> int:
        """Compare what waits; gives the number of rows that differ."""
        waiting, self.waiting, self.waiting_rows = self.waiting, [], 0
        if not waiting:
            return 0
        rows = sum(one.rows for one in waiting)
        apart, far = np.zeros(rows, dtype=np.bool_), np.zeros(rows)
        for output, other in self.outputs:
            was, now = (
                np.concatenate([columns[output.name] for columns in columns_of])
                for columns_of in ([one.was for one in waiting], [one.now for one in waiting])
            )
            its = self.by_output[output.name]
            if isinstance(its, Numbers):
                differs = its.add(was, now)
                distance = distances(was, now, output)
            else:
                differs = its.add(from_column(output, was), from_column(other, now))
                distance = differs
            apart |= differs
            far = np.maximum(far, np.where(differs, distance, 0))
        self.rows += rows
        different = int(apart.sum())
        self.different += different
        if different:
            self.look_closer(waiting, apart, far)
        return different

    def look_closer(self, waiting: Sequence[Answered], apart: Array, far: Array) -> None:
        """Keep the worst rows, and see whether rows came in another order."""
        starts = np.cumsum([0, *(one.rows for one in waiting)])
        for place in np.argsort(-far, kind="stable")[:WORST].tolist():
            if apart[place]:
                at = int(np.searchsorted(starts, place, side="right")) - 1
                self.worst.append(self.worst_of(waiting[at], place - int(starts[at]), float(far[place])))
        self.worst.sort(key=lambda one: -one.difference)
        del self.worst[WORST:]
        names = [name for name, its in self.by_output.items() if isinstance(its, Numbers)]
        for one, start in zip(waiting, starts.tolist(), strict=False):
            if names and one.rows > 1 and apart[start : start + one.rows].any():
                self.mixed += 1
                self.moved += all(np.allclose(np.sort(one.was[n]), np.sort(one.now[n]), 1e-6, 1e-9) for n in names)

    def worst_of(self, one: Answered, instance: int, far: float) -> Worst:
        """Name a row of a request."""
        was, now = (
            {output.name: from_column(output, columns[output.name][instance : instance + 1])[0] for output in outputs}
            for columns, outputs in zip((one.was, one.now), zip(*self.outputs, strict=True), strict=True)
        )
        return Worst(far, one.id, instance, was, now)


def distances(was: Array, now: Array, output: Output) -> Array:
    """Give how far numbers went, of their range or else of their own size; one where one is missing."""
    low, high = output.limits
    with np.errstate(all="ignore"):
        size: Any = high - low if np.isfinite(high - low) and high > low else np.abs(was) + np.abs(now)
        found: Array = np.nan_to_num(np.abs(np.asarray(now, np.float64) - was) / size, nan=1.0, posinf=1.0)
    return found
