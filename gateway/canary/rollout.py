"""One rollout: weights are set, taken over and judged, step by step."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.canary.differences import FEWEST
from gateway.canary.judge import Finding, Judge
from gateway.canary.replicas import Heard, Replicas, Report
from gateway.canary.tally import Incomparable, Tally
from gateway.canary.weights import PLACES, Place, PlaceError, weights_in, with_weights
from gateway.sides import SideCounts

TOLERANCE = 1e-6
"""Percentages that are as near to each other are the same: weights are written with so many places."""

PAUSES = (1, 1, 2, 5, 10, 20, 40, 60, 60, 60)
"""So many seconds apart it is tried to roll back: somebody else may write in the same place, or nobody answer there."""

PATIENCE_S = 5.0
"""So long nothing is said of replicas that have not taken weights over: it takes them up to two seconds."""

DONE, ROLLED_BACK, UNJUDGED = 0, 1, 2


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
        """Give the steps that are left; the one that the weights are at is judged anew."""
        now = self.percent
        return [step for step in self.pace.steps if step >= now - TOLERANCE]

    def run(self) -> int:
        """Go through all steps; gives the exit code. Raises Unjudged, and PlaceError."""
        before: float | None = None
        for step in self.ahead:
            self.set(step, before)
            before = step
            if guilty := self.found_guilty(step):
                self.roll_back(guilty)
                return ROLLED_BACK
        self.say(f"done: {self.candidate} has {self.percent:g} % of {self.route}")
        return DONE

    def found_guilty(self, percent: float) -> list[Finding]:
        """Carry a step out; gives what the candidate is guilty of. At 100 % there is nobody to compare it with."""
        try:
            self.wait(percent)
            return self.judged(percent) if percent < 100 else []
        except Incomparable as exc:
            return [Finding("versions", 1.0, str(exc))]

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

    def wait(self, percent: float) -> None:
        """Wait until all replicas have taken the weights over; raises Unjudged and Incomparable."""
        began, said = time.monotonic(), ""
        while True:
            heard = self.replicas.ask(self.route)
            late = [one for one in heard.reports if not self.has_taken(one.share(self.candidate), percent)]
            if heard.reports and not heard.silent and not late:
                break
            waiting = f"{len(late)} of {len(heard.reports)} replicas have not taken it over{heard.told}"
            if time.monotonic() > began + self.pace.timeout_s:
                raise Unjudged(f"{percent:g} %: {waiting}")
            if time.monotonic() > began + PATIENCE_S and waiting != said:
                self.say(f"{percent:g} %: {waiting}")
                said = waiting
            time.sleep(min(1.0, self.pace.every_s))
        count = len(heard.reports)
        self.say(f"{percent:g} %: taken over by {count} {'replica' if count == 1 else 'replicas'}")
        self.judge.begin()
        self.tally.add(heard.reports)
        self.tally.begin()

    def has_taken(self, share: float, percent: float) -> bool:
        """Say that a share is that of the step."""
        return abs(100 * share - percent) < TOLERANCE

    def judged(self, percent: float) -> list[Finding]:
        """Judge a step until it has rows enough and no replica is silent; gives what the candidate is guilty of.

        Raises Unjudged and Incomparable.
        """
        until = time.monotonic() + self.pace.timeout_s
        while True:
            time.sleep(self.pace.every_s)
            heard = self.replicas.ask(self.route)
            self.tally.add(self.those_that_have_taken(heard, percent))
            candidate, stable = (self.tally.of(side) for side in (self.candidate, self.stable))
            if not candidate or not stable:
                nobody = self.stable if candidate else self.candidate
                self.say(f"{percent:g} %: no evidence yet, {nobody} has been asked nothing{heard.told}")
            else:
                findings = self.judge.look(candidate, stable)
                self.say(progress(percent, candidate, stable, findings) + heard.told)
                if guilty := [finding for finding in findings if finding.guilty]:
                    return guilty
                if candidate.rows >= self.pace.min_rows and stable.requests >= FEWEST and not heard.silent:
                    return []
            if time.monotonic() > until:
                rows = candidate.rows if candidate else 0
                raise Unjudged(
                    f"{self.candidate} has answered {rows} rows within {self.pace.timeout_s:g} s{heard.told}"
                )

    def those_that_have_taken(self, heard: Heard, percent: float) -> list[Report]:
        """Leave out a replica that is new and may have old weights yet; raises Unjudged where others have changed."""
        taken = [one for one in heard.reports if self.has_taken(one.share(self.candidate), percent)]
        for one in heard.reports:
            if one not in taken and one.process in self.tally.last:
                raise Unjudged(f"somebody else has changed the weights to {one.weights}")
        return taken

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


def progress(percent: float, candidate: SideCounts, stable: SideCounts, findings: Sequence[Finding]) -> str:
    """Say how far a step is, and how much evidence there is against the candidate, of what is enough."""
    weights = ", ".join(f"{one.what} {min(one.weight, 1):.0%}" for one in findings)
    rows = f"{candidate.rows} rows beside {stable.rows}, {candidate.failed} failures beside {stable.failed}"
    return f"{percent:g} %: {rows}; evidence: {weights}"
