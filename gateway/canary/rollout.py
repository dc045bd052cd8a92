"""One rollout: weights are set and tried, step by step."""

import time
from collections.abc import Sequence

from gateway.canary.judge import Finding
from gateway.canary.split import Split
from gateway.canary.tally import Incomparable
from gateway.canary.trial import TOLERANCE, Trial
from gateway.canary.weights import PlaceError

PAUSES = (1, 1, 2, 5, 10, 20, 40, 60, 60, 60)
"""So many seconds apart it is tried to roll back: somebody else may write in the same place, or nobody answer there."""


class Rollout:
    """Move a split towards its candidate, or back."""

    def __init__(self, split: Split, trial: Trial) -> None:
        self.split = split
        self.trial = trial
        self.say = trial.say

    @property
    def ahead(self) -> list[float]:
        """Give the steps that are left; what the candidate has now is judged anew first, be it a step or not."""
        now = self.split.percent
        ahead = [step for step in self.trial.pace.steps if step >= now - TOLERANCE]
        if now <= TOLERANCE or (ahead and ahead[0] <= now + TOLERANCE):
            return ahead
        return [now, *ahead]

    def run(self) -> list[Finding]:
        """Go through all steps; gives what the candidate is to be rolled back for. Raises Unjudged, and PlaceError."""
        before: float | None = None
        for step in self.ahead:
            self.split.set(step, before)
            before = step
            try:
                guilty = self.trial.found_guilty(step)
            except Incomparable as exc:
                guilty = [Finding("versions", 1.0, str(exc))]
            if guilty:
                return guilty
        self.say(f"done: {self.split.candidate} has {self.split.percent:g} % of {self.split.route}")
        return []

    def roll_back(self, guilty: Sequence[Finding]) -> None:
        """Give the candidate nothing any more, and say why; raises PlaceError."""
        for pause_s in PAUSES:
            try:
                self.split.set(0)
                break
            except PlaceError as exc:
                self.say(f"not rolled back yet: {exc}")
            time.sleep(pause_s)
        else:
            self.split.set(0)
        reasons = "; ".join(f"{finding.what}: {finding.seen}" for finding in guilty)
        told = f"rolled back: {self.split.candidate} has 0 % of {self.split.route}"
        self.say(f"{told}. {reasons}" if reasons else told)
