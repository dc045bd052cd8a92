"""The sides of one split: what each version on them was asked, how it failed, how long it took, what it answered."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from contract import Output
from gateway.errors import FatalRecord, GatewayError
from gateway.share import Share
from gateway.sides.moments import Measure, Moments, measure_of

FOLDED = 256
"""So many rows wait to be counted at most, beside those of one request: many at once take a tenth of the time. So many
of one request are counted, evenly spaced: 10,000 would hold the event loop up for 3 ms, and tell little more."""

MOST_VERSIONS = 4
"""So many of one side are told of, the newest; while a model changes, its old and its new version answer in turn."""

EDGES = [power * math.log(1.5) for power in range(-2, 26)]
"""From 0.4 ms to 25 s: a time and the one that is half as long again are edges both, so that shares compare exactly."""


class SideCounts(msgspec.Struct, frozen=True):
    """Mirror what a report says of one version on one side.

    `requests` were asked, of which some `failed`, by `failures` for each reason; what its callers did wrong is in
    neither. `latency` is the logarithm of milliseconds, a row for each request; `outputs` are by name.
    """

    requests: int
    failed: int
    rows: int
    failures: dict[str, int]
    latency: Moments
    outputs: dict[str, Moments]


class Version:
    """Count what one version answered on one side."""

    def __init__(self) -> None:
        self.requests = self.rows = self.held = 0
        self.failures = Counter[str]()
        self.latency = Measure(EDGES)
        self.outputs: dict[str, Measure] = {}
        self.ms: list[float] = []
        self.sizes: list[int] = []
        self.waiting: dict[str, list[Any]] = {}

    def add(self, outputs: Sequence[Output], share: Share, ms: float) -> None:
        """Count an answer, later: what waits are copies, so that no array of a call is held."""
        if not self.outputs:
            self.outputs = {output.name: measure_of(output) for output in outputs}
            self.waiting = {name: [] for name in self.outputs}
        whole, rows = share.whole, share.stop - share.start
        self.requests += 1
        self.rows += rows
        every = slice(share.start, share.stop, -(-rows // FOLDED))
        counted = len(range(share.stop)[every])
        for name, values in self.waiting.items():
            values.extend(whole.values(name, every) if name in whole.columns else [math.nan] * counted)
        self.sizes.append(counted)
        self.ms.append(ms)
        self.held += counted
        if self.held >= FOLDED:
            self.fold()

    def fold(self) -> None:
        """Count what waits."""
        if not self.sizes:
            return
        for name, values in self.waiting.items():
            self.outputs[name].count(values, self.sizes)
            values.clear()
        self.latency.count([math.log(max(ms, 1e-3)) for ms in self.ms], [1] * len(self.ms))
        self.sizes.clear()
        self.held = 0
        self.ms.clear()

    @property
    def counts(self) -> SideCounts:
        """Give what is counted."""
        self.fold()
        outputs = {name: measure.moments for name, measure in self.outputs.items()}
        failed = self.failures.total()
        return SideCounts(self.requests, failed, self.rows, dict(self.failures), self.latency.moments, outputs)


class Side:
    """Hold the versions of one side, and what the metrics tell of all there ever were."""

    def __init__(self) -> None:
        self.versions: dict[str, Version] = {}
        self.requests = self.rows = self.failed = 0
        self.latest = ""

    def version(self, name: str) -> Version:
        """Give what counts a version; the oldest of too many is dropped."""
        self.latest = name
        found = self.versions.get(name)
        if found is None:
            found = self.versions[name] = Version()
            if len(self.versions) > MOST_VERSIONS:
                del self.versions[next(iter(self.versions))]
        return found


class SidesReport:
    """Count what the sides of one split answered since the process started, by version: a new one begins anew."""

    def __init__(self) -> None:
        self.sides: dict[str, Side] = {}

    def side(self, name: str) -> Side:
        """Give a side."""
        found = self.sides.get(name)
        return self.sides.setdefault(name, Side()) if found is None else found

    def answered(self, name: str, version: str, rows: int) -> Version:
        """Count that a side answered, and give what counts the answers of this version."""
        side = self.side(name)
        side.requests += 1
        side.rows += rows
        return side.version(version)

    def failed(self, names: Sequence[str], reason: str) -> None:
        """Count a failure of sides, for the version that answered last."""
        for name in names:
            side = self.side(name)
            side.requests += 1
            side.failed += 1
            version = side.version(side.latest)
            version.requests += 1
            version.failures[reason] += 1

    def document(self) -> dict[str, Any]:
        """Give the counts of all versions."""
        return {
            "sides": {
                name: {version: msgspec.to_builtins(its.counts) for version, its in side.versions.items()}
                for name, side in self.sides.items()
            }
        }


def is_own(error: GatewayError) -> bool:
    """Say whether a failure is the side's own: all but what its caller did wrong, and a record that ended its model."""
    return error.status >= 500 or isinstance(error, FatalRecord)
