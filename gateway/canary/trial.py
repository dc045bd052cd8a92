"""The candidate at one percentage after another: replicas take the weights over, and what they count is judged."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.canary.differences import FEWEST
from gateway.canary.judge import Finding, Judge
from gateway.canary.replicas import Heard, Replicas, Report
from gateway.canary.split import Split, Unjudged
from gateway.canary.tally import Tally

TOLERANCE = 1e-6
"""Percentages that are as near to each other are the same: weights are written with so many places."""

PATIENCE_S = 5.0
"""So long nothing is said of replicas that have not taken weights over: it takes them up to two seconds."""


@dataclass(frozen=True)
class Pace:
    """Say which percentages there are, and when each ends: with so many rows of the candidate, or without a verdict."""

    steps: Sequence[float]
    min_rows: int
    timeout_s: float
    every_s: float


class Trial:
    """Try the candidate of a split; `say` shows a line."""

    def __init__(self, split: Split, replicas: Replicas, judge: Judge, pace: Pace, say: Callable[[str], None]) -> None:
        self.split = split
        self.replicas = replicas
        self.judge = judge
        self.pace = pace
        self.say = say
        self.tally = Tally()

    def found_guilty(self, percent: float) -> list[Finding]:
        """Carry a step out, until it is passed; gives what the candidate is guilty of as soon as that is known.

        Replicas are judged from when they have taken the weights over, though others never do. Raises Unjudged and
        Incomparable.
        """
        self.judge.begin()
        self.tally.begin()
        began, said = time.monotonic(), ""
        while True:
            heard = self.replicas.ask(self.split.route)
            taken = self.those_that_have_taken(heard, percent)
            self.tally.add(taken)
            findings = self.findings(percent)
            if findings:
                self.say(f"{percent:g} %: {self.progress(findings)}")
                if guilty := [finding for finding in findings if finding.guilty]:
                    return guilty
            late = late_told(heard, taken)
            told = late or f"taken over by {len(taken)} {'replica' if len(taken) == 1 else 'replicas'}"
            lacking = late or self.lacking(percent)
            if told != said and (said or not late or time.monotonic() > began + PATIENCE_S):
                self.say(f"{percent:g} %: {told}")
                said = told
            elif lacking and not late and not findings:
                self.say(f"{percent:g} %: no evidence yet, {lacking}")
            if not lacking:
                return []
            if time.monotonic() > began + self.pace.timeout_s:
                raise Unjudged(f"{percent:g} %: {lacking} within {self.pace.timeout_s:g} s")
            time.sleep(self.pace.every_s)

    def those_that_have_taken(self, heard: Heard, percent: float) -> list[Report]:
        """Leave out who may have old weights yet; raises Unjudged where somebody else has changed those of the step."""
        taken = [one for one in heard.reports if abs(100 * one.share(self.split.candidate) - percent) < TOLERANCE]
        for one in heard.reports:
            if one not in taken and one.process in self.tally.last:
                raise Unjudged(f"somebody else has changed the weights to {one.weights}")
        return taken

    def findings(self, percent: float) -> list[Finding]:
        """Judge what both sides were asked since the step began; at 100 % there is nobody to compare with."""
        candidate, stable = self.tally.of(self.split.candidate), self.tally.of(self.split.stable)
        return self.judge.look(candidate, stable) if percent < 100 and candidate and stable else []

    def lacking(self, percent: float) -> str:
        """Say what a step lacks to be passed, nothing if it may be."""
        its, other = self.split.candidate, self.split.stable
        candidate, stable = self.tally.of(its), self.tally.of(other)
        if percent >= 100:
            return ""
        if not candidate or not stable:
            return f"{other if candidate else its} has been asked nothing"
        if candidate.rows < self.pace.min_rows:
            return f"{its} has answered {candidate.rows} rows of {self.pace.min_rows}"
        fewest, side = min((candidate.requests, its), (stable.requests, other))
        return f"{side} has been asked {fewest} times" if fewest < FEWEST else ""

    def progress(self, findings: Sequence[Finding]) -> str:
        """Say how far a step is, and how much evidence there is against the candidate, of what is enough."""
        counts = [self.tally.of(side) for side in (self.split.candidate, self.split.stable)]
        rows, failed = ([getattr(one, what) for one in counts] for what in ("rows", "failed"))
        weights = ", ".join(f"{one.what} {min(one.weight, 1):.0%}" for one in findings)
        answered = f"{rows[0]} rows of {self.pace.min_rows} beside {rows[1]}"
        return f"{answered}, {failed[0]} failures beside {failed[1]}; evidence: {weights}"


def late_told(heard: Heard, taken: Sequence[Report]) -> str:
    """Say how many replicas have the weights of a step, and what others have; nothing if all do."""
    late = [one.weights for one in heard.reports if one not in taken]
    if taken and not late and not heard.silent:
        return ""
    has = f", one has {late[0]}" if late else ""
    return f"taken over by {len(taken)} of {len(heard.reports) + len(heard.silent)} replicas{has}{heard.told}"
