"""One rollout: weights are set, taken over and judged, step by step."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.canary.differences import FEWEST
from gateway.canary.judge import Finding, Judge
from gateway.canary.replicas import Heard, Replicas, Report
from gateway.canary.tally import Incomparable, Tally
from gateway.canary.weights import PLACES, Place, PlaceError, weights_in, with_weights

TOLERANCE = 1e-6
"""Percentages that are as near to each other are the same: weights are written with so many places."""

PAUSES = (1, 1, 2, 5, 10, 20, 40, 60, 60, 60)
"""So many seconds apart it is tried to roll back: somebody else may write in the same place, or nobody answer there."""

PATIENCE_S = 5.0
"""So long nothing is said of replicas that have not taken weights over: it takes them up to two seconds."""


class Unjudged(Exception):
    """Report that a step came to no verdict; weights stay as they are."""


@dataclass(frozen=True)
class Pace:
    """Say which percentages there are, and when each ends: with so many rows of the candidate, or without a verdict."""

    steps: Sequence[float]
    min_rows: int
    timeout_s: float
    every_s: float


class Rollout:
    """Move the split of a route towards its candidate, the second of its two sides unless it is named.

    `say` shows a line. Nothing is kept but the weights: where they are says how far it is.
    """

    def __init__(
        self,
        route: str,
        place: Place,
        replicas: Replicas,
        judge: Judge,
        pace: Pace,
        *,
        say: Callable[[str], None],
        candidate: str | None = None,
    ) -> None:
        self.route = route
        self.place = place
        self.replicas = replicas
        self.judge = judge
        self.pace = pace
        self.say = say
        sides = list(weights_in(place.read(), route))
        if candidate is not None and candidate not in sides:
            raise PlaceError(f"{route} has no side {candidate!r}, but {' and '.join(sides)}")
        self.candidate = candidate or sides[1]
        self.stable = next(side for side in sides if side != self.candidate)
        self.tally = Tally()

    @property
    def percent(self) -> float:
        """Give what the candidate has now; raises PlaceError."""
        weights = weights_in(self.place.read(), self.route)
        return 100 * weights[self.candidate] / sum(weights.values())

    @property
    def ahead(self) -> list[float]:
        """Give the steps that are left; what the candidate has now is judged anew first, be it a step or not."""
        now = self.percent
        ahead = [step for step in self.pace.steps if step >= now - TOLERANCE]
        if now <= TOLERANCE or (ahead and ahead[0] <= now + TOLERANCE):
            return ahead
        return [now, *ahead]

    def run(self) -> list[Finding]:
        """Go through all steps; gives what the candidate is to be rolled back for. Raises Unjudged, and PlaceError."""
        before: float | None = None
        for step in self.ahead:
            self.set(step, before)
            before = step
            try:
                guilty = self.found_guilty(step)
            except Incomparable as exc:
                guilty = [Finding("versions", 1.0, str(exc))]
            if guilty:
                return guilty
        self.say(f"done: {self.candidate} has {self.percent:g} % of {self.route}")
        return []

    def set(self, percent: float, before: float | None = None) -> None:
        """Set the weights; raises PlaceError, and Unjudged where they are others than those `before`.

        Replicas may not have them yet that somebody has changed: a ConfigMap takes a minute to be there.
        """
        text = self.place.read()
        weights, now = self.weights_at(percent), weights_in(text, self.route)
        if before is not None and now != self.weights_at(before):
            raise Unjudged(f"somebody else has changed the weights to {now}")
        if now != weights:
            self.place.write(with_weights(text, self.route, weights))

    def weights_at(self, percent: float) -> dict[str, float]:
        """Give the weights with so much for the candidate."""
        return {self.stable: round(100 - percent, PLACES), self.candidate: round(percent, PLACES)}

    def found_guilty(self, percent: float) -> list[Finding]:
        """Carry a step out, until it is passed; gives what the candidate is guilty of as soon as that is known.

        Replicas are judged from when they have taken the weights over, though others never do. Raises Unjudged and
        Incomparable.
        """
        self.judge.begin()
        self.tally.begin()
        began, said = time.monotonic(), ""
        while True:
            heard = self.replicas.ask(self.route)
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
        taken = [one for one in heard.reports if abs(100 * one.share(self.candidate) - percent) < TOLERANCE]
        for one in heard.reports:
            if one not in taken and one.process in self.tally.last:
                raise Unjudged(f"somebody else has changed the weights to {one.weights}")
        return taken

    def findings(self, percent: float) -> list[Finding]:
        """Judge what both sides were asked since the step began; at 100 % there is nobody to compare with."""
        candidate, stable = self.tally.of(self.candidate), self.tally.of(self.stable)
        return self.judge.look(candidate, stable) if percent < 100 and candidate and stable else []

    def lacking(self, percent: float) -> str:
        """Say what a step lacks to be passed, nothing if it may be."""
        candidate, stable = self.tally.of(self.candidate), self.tally.of(self.stable)
        if percent >= 100:
            return ""
        if not candidate or not stable:
            return f"{self.stable if candidate else self.candidate} has been asked nothing"
        if candidate.rows < self.pace.min_rows:
            return f"{self.candidate} has answered {candidate.rows} rows"
        fewest, side = min((candidate.requests, self.candidate), (stable.requests, self.stable))
        return f"{side} has been asked {fewest} times" if fewest < FEWEST else ""

    def progress(self, findings: Sequence[Finding]) -> str:
        """Say how far a step is, and how much evidence there is against the candidate, of what is enough."""
        counts = [self.tally.of(side) for side in (self.candidate, self.stable)]
        rows, failed = ([getattr(one, what) for one in counts] for what in ("rows", "failed"))
        weights = ", ".join(f"{one.what} {min(one.weight, 1):.0%}" for one in findings)
        return f"{rows[0]} rows beside {rows[1]}, {failed[0]} failures beside {failed[1]}; evidence: {weights}"

    def roll_back(self, guilty: Sequence[Finding]) -> None:
        """Give the candidate nothing any more, and say why; raises PlaceError."""
        for pause_s in PAUSES:
            try:
                self.set(0)
                break
            except PlaceError as exc:
                self.say(f"not rolled back yet: {exc}")
            time.sleep(pause_s)
        else:
            self.set(0)
        reasons = "; ".join(f"{finding.what}: {finding.seen}" for finding in guilty)
        self.say(f"rolled back: {self.candidate} has 0 % of {self.route}{f'. {reasons}' if reasons else ''}")


def late_told(heard: Heard, taken: Sequence[Report]) -> str:
    """Say how many replicas have the weights of a step, and what others have; nothing if all do."""
    late = [one.weights for one in heard.reports if one not in taken]
    if taken and not late and not heard.silent:
        return ""
    has = f", one has {late[0]}" if late else ""
    return f"taken over by {len(taken)} of {len(heard.reports) + len(heard.silent)} replicas{has}{heard.told}"
