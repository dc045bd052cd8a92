"""Judging a candidate by what both sides of a split answered in the same time, without asking anybody anything."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gateway.canary.differences import Difference, Pair, by_step, described, together
from gateway.canary.evidence import Doubles, Events, mean_of, mixture
from gateway.canary.slowness import Slowness
from gateway.sides import Moments, SideCounts

DENSEST = 0.4
"""No share below a bound moves by more than this where a normal distribution moves by one standard deviation."""


@dataclass(frozen=True)
class Limits:
    """Say what a candidate is allowed: times the failures, times the milliseconds, standard deviations of its means.

    `slack_ms` are milliseconds that it may take besides: a process that is asked seldom is slower for that, at 1 and
    5 % of 20 to 100 requests a second by 0.1 to 0.7 ms.
    `error` is the probability that one which does no more is ever found guilty; its parts go to failures, time and
    predictions.
    """

    failures: float = 1.5
    latency: float = 1.5
    slack_ms: float = 1.0
    shift: float = 0.0
    error: float = 0.01
    parts: tuple[float, float, float] = (0.5, 0.1, 0.4)


class Finding(NamedTuple):
    """Hold one test: how far its evidence is on the way to what is enough, 1 and above, and what it saw."""

    what: str
    weight: float
    seen: str

    @property
    def guilty(self) -> bool:
        """Say that it is enough."""
        return self.weight >= 1


class Judge:
    """Weigh what is seen step by step; all steps together have one budget of error."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.failures = Events(limits.failures)
        self.slowness = Slowness(limits.latency, limits.slack_ms)
        self.past: dict[str, list[Pair]] = {}
        self.now: dict[str, Pair] = {}
        self.seen: tuple[SideCounts | None, SideCounts | None] = (None, None)

    def begin(self) -> None:
        """Begin a step: what both sides answer from now on is compared with nothing before it."""
        for name, found in self.now.items():
            self.past.setdefault(name, []).append(found)
        self.now = {}
        self.seen = (None, None)

    def look(self, candidate: SideCounts, stable: SideCounts) -> list[Finding]:
        """Judge by all that both sides answered since the step began, and by the steps before."""
        own, others = (since(new, old) for new, old in zip((candidate, stable), self.seen, strict=True))
        if own.requests and others.requests:  # else it waits for a look by which both were asked
            self.failures.add(([own.failed], own.requests), ([others.failed], others.requests))
            self.slowness.add(own.latency, others.latency)
            self.seen = candidate, stable
        pairs = {f"output {name}": (its, stable.outputs.get(name)) for name, its in candidate.outputs.items()}
        pairs["latency"] = (candidate.latency, stable.latency)
        for name, (one, other) in pairs.items():
            if other is not None and one.requests and other.requests:
                self.now[name] = one, other
        return [self.of_failures(candidate, stable), self.of_latency(), *self.of_outputs()]

    def finding(self, what: str, log_e: float, part: int, seen: str) -> Finding:
        """Give a test that has a part of the budget."""
        enough = -math.log(self.limits.error * self.limits.parts[part])
        return Finding(what, max(0.0, log_e) / enough, seen)

    def of_failures(self, candidate: SideCounts, stable: SideCounts) -> Finding:
        """Judge that the candidate fails too often."""
        told = [f"{one.failed} of {one.requests}" for one in (candidate, stable)]
        log_e = float(self.failures.log_e[0])
        return self.finding("failures", log_e, 0, f"{told[0]} requests, the other side {told[1]}")

    def of_latency(self) -> Finding:
        """Judge that it is too slow: half on the geometric mean, which few slow answers move little, half on those."""
        log_e, seen = 0.0, "too few requests"
        steps = self.steps("latency")
        found = by_step(steps) if steps else []
        if found and not np.isnan(ratio := together(found).mean[0]):
            # By what was usual in each step. Of the other side's error a part is in it too, which is only stricter.
            allowed = [math.log(self.limits.latency + self.limits.slack_ms / usual_ms(stable)) for _, stable in steps]
            beyond = [one._replace(mean=one.mean - its) for one, its in zip(found, allowed, strict=True)]
            excess = together(beyond)
            log_e = float(mixture(np.maximum(excess.mean[:1], 0), excess.error[:1], excess.spread[:1])[0])
            seen = f"it took {math.exp(ratio):.2f} times as long as the other side, in the geometric mean"
        slow = self.slowness.log_e
        weighed = mean_of(np.array([log_e, slow]))
        return self.finding("latency", weighed, 1, self.slowness.seen if slow > max(log_e, 0) else seen)

    def of_outputs(self) -> list[Finding]:
        """Judge that it predicts otherwise, by all outputs together; there is one finding, on what differs most."""
        logs = {name: self.logs(self.difference(name)) for name in self.names if name != "latency"}
        if not logs:
            return [self.finding("predictions", 0, 2, "too few rows")]
        # Half of an output's weight is on its mean, and half on all cells, of which a category has nothing else.
        weighed = {name: mean_of(np.array([its[0], mean_of(its[1:])])) for name, its in logs.items()}
        log_e = mean_of(np.array(list(weighed.values())))
        worst = max(weighed, key=weighed.__getitem__)
        found = self.difference(worst)
        most = int(np.where(np.isnan(found.mean), -math.inf, logs[worst]).argmax())
        return [self.finding("predictions", log_e, 2, f"{worst}: {described(found, most)}")]

    def logs(self, found: Difference) -> Doubles:
        """Give the e-values of all measures of an output, 0 of one that too little is known of."""
        allowed = np.full(len(found.mean), DENSEST * self.limits.shift)
        allowed[0] = self.limits.shift * found.spread[0]
        beyond = np.maximum(np.abs(found.mean) - allowed, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(mixture(beyond, found.error, found.spread), nan=0.0)

    @property
    def names(self) -> list[str]:
        """Name what was compared in any step."""
        return list(dict.fromkeys([*self.past, *self.now]))

    def steps(self, name: str) -> list[Pair]:
        """Give what both sides answered in each step."""
        return [*self.past.get(name, []), *([self.now[name]] if name in self.now else [])]

    def difference(self, name: str) -> Difference:
        """Give the difference of an output over all steps."""
        return together(by_step(self.steps(name)))


def since(new: SideCounts, old: SideCounts | None) -> SideCounts:
    """Give what a side was asked since the last look, how it failed and how long it took."""
    if old is None:
        return new
    return replace(
        new,
        requests=new.requests - old.requests,
        failed=new.failed - old.failed,
        latency=new.latency.plus(old.latency, -1),
    )


def usual_ms(latency: Moments) -> float:
    """Give the geometric mean of milliseconds, of which there are the logarithms."""
    return math.exp(latency.mean)
