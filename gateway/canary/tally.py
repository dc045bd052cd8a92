"""What all replicas counted since a step began."""

from collections.abc import Iterable, Mapping

from gateway.canary.alike import alike
from gateway.canary.replicas import Report
from gateway.sides import Moments, SideCounts


class Incomparable(Exception):
    """Report that what was counted cannot be summed up: a side has another version than before, or other cells."""


class Tally:
    """Sum up what replicas counted since a step began.

    A process begins with its first report of the step, so one that started again loses what it counted up to that, and
    nothing is counted twice. What one has counted stays where it is gone.
    """

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, str]] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a step."""
        self.last: dict[str, Report] = {}
        self.sums: dict[str, SideCounts] = {}

    def add(self, reports: Iterable[Report]) -> None:
        """Take reports; raises Incomparable."""
        for report in reports:
            before = self.last.get(report.process)
            self.last[report.process] = report
            if before is None:
                continue
            for side, versions in report.sides.items():
                for version, counts in versions.items():
                    old = before.sides.get(side, {}).get(version)
                    new = counts if old is None else plus(counts, old, -1)
                    if new.requests > 0:
                        self.take(side, version, new)

    def take(self, side: str, version: str, new: SideCounts) -> None:
        """Add what a version on a side was asked; until one answered, failures are of none."""
        known, named = self.versions.setdefault(side, {}), versions_in(version)
        if named and known and is_another(named, known):
            raise Incomparable(f"{side} answers as version {version} now, after {told(known)}")
        known |= {model: its for model, its in named.items() if its or model not in known}
        sums = self.sums.get(side)
        self.sums[side] = new if sums is None else plus(sums, new)

    def of(self, side: str) -> SideCounts | None:
        """Give what a side was asked since then, None for nothing."""
        return self.sums.get(side)


def versions_in(text: str) -> dict[str, str]:
    """Give the versions of a side's models by their names; that of a side which is one model stands alone."""
    if "=" not in text:
        return {"": text} if text else {}
    parts = [one.partition("=") for one in text.split(",")]
    return {model if equals else "": version if equals else model for model, equals, version in parts}


def told(versions: Mapping[str, str]) -> str:
    """Say them as they were told."""
    return ",".join([f"{model}={version}" if model else version for model, version in versions.items()])


def is_another(versions: Mapping[str, str], known: Mapping[str, str]) -> bool:
    """Say whether a side has other models, or one of another version; not whether the version of more is known.

    A model may tell its contract late, to each replica at another time, and a replica that starts anew knows less.
    """
    return versions.keys() != known.keys() or any(its and known[one] not in ("", its) for one, its in versions.items())


def plus(one: SideCounts, other: SideCounts, sign: int = 1) -> SideCounts:
    """Add counts, or take them away; raises Incomparable."""
    try:
        return SideCounts(
            one.requests + sign * other.requests,
            one.failed + sign * other.failed,
            one.rows + sign * other.rows,
            added(one.failures, other.failures, sign),
            one.latency.plus(other.latency, sign),
            {
                name: summed(one.outputs[name], other.outputs[name], sign)
                if name in one.outputs and name in other.outputs
                else one.outputs.get(name) or other.outputs[name]
                for name in {**one.outputs, **other.outputs}
            },
        )
    except ValueError as exc:
        raise Incomparable(str(exc)) from exc


def summed(one: Moments, other: Moments, sign: int) -> Moments:
    """Add what was counted of an output, as far as it is in the same cells."""
    one, other = alike([one, other])
    return one.plus(other, sign)


def added(one: Mapping[str, int], other: Mapping[str, int], sign: int) -> dict[str, int]:
    """Add failures by their reasons."""
    return {reason: one.get(reason, 0) + sign * other.get(reason, 0) for reason in {**one, **other}}
