"""What a candidate answered beside what the log has, and whether that is near enough."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contract import Interface

WORST = 5
"""So many rows are named."""


class Row(NamedTuple):
    """Hold what differs of one row: 1 for a decision that changed and the difference of a score, by output."""

    difference: float
    id: str
    instance: int
    output: str
    was: Any
    now: Any


@dataclass
class Outcome:
    """Hold a replay of one model; `changed` counts rows by output, `differences` are of scores, `ms` of requests."""

    contract: Interface
    rows: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    differences: dict[str, list[float]] = field(default_factory=dict)
    worst: list[Row] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    versions: set[str | None] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def add(self, request_id: str, instance: int, was: dict[str, Any], now: dict[str, Any]) -> None:
        """Compare one row."""
        self.rows += 1
        for output in self.contract.outputs:
            old, new = was[output.name], now[output.name]
            if output.type in ("number", "integer"):
                difference = abs(float(new) - float(old))
                difference = math.inf if math.isnan(difference) else difference  # beyond any threshold
                self.differences.setdefault(output.name, []).append(difference)
            else:
                difference = float(old != new)
                self.changed[output.name] += old != new
            if difference > 0:
                self.worst.append(Row(difference, request_id, instance, output.name, old, new))
        self.worst.sort(key=lambda row: -row.difference)
        del self.worst[WORST:]

    @property
    def share_changed(self) -> float:
        """Give the share of rows in which the decision that changed most often changed."""
        return max(self.changed.values(), default=0) / max(self.rows, 1)

    def text(self) -> str:
        """Write it for a terminal."""
        contract, by = self.contract, ", ".join(sorted(str(version) for version in self.versions)) or "nobody"
        lines = [f"{contract.name} {contract.version} against {by}: {self.rows} rows in {len(self.ms)} requests"]
        for name, count in self.changed.items():
            lines.append(f"  {name}: {count} changed, {count / self.rows:.2%}")
        for name, its in self.differences.items():
            lines.append(f"  {name}: differs by {sum(its) / len(its):.3g} in the mean, {max(its):.3g} at most")
        lines += [
            f"    {one.id}, instance {one.instance}: {one.output} was {one.was}, now {one.now}" for one in self.worst
        ]
        if self.ms:
            lines.append(
                f"  milliseconds a request: p50 {quantile(self.ms, 0.5):.1f}, p99 {quantile(self.ms, 0.99):.1f}"
            )
        if self.refused:
            lines.append(f"  {len(self.refused)} requests were not answered, the first with {self.refused[0]}")
        return "\n".join(lines) + "\n"


class Thresholds(NamedTuple):
    """Say what is near enough; None for whatever it is. A request that is not answered never is."""

    changed: float
    difference: float | None
    p99_ms: float | None

    def broken(self, outcome: Outcome) -> list[str]:
        """Say what is not."""
        most = max([max(its) for its in outcome.differences.values()], default=0.0)
        late = quantile(outcome.ms, 0.99) if outcome.ms else 0.0
        found = [f"{len(outcome.refused)} requests without an answer"] if outcome.refused else []
        if outcome.share_changed > self.changed:
            found.append(f"{outcome.share_changed:.2%} of decisions changed, at most {self.changed:.2%}")
        if self.difference is not None and not most <= self.difference:
            found.append(f"a score differs by {most:.3g}, at most {self.difference:.3g}")
        if self.p99_ms is not None and late > self.p99_ms:
            found.append(f"p99 is {late:.1f} ms, at most {self.p99_ms:.1f}")
        return found


def quantile(values: list[float], share: float) -> float:
    """Give the smallest value that so large a share is not above."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
