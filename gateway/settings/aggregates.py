"""The settings of ensembles that make one answer of several."""

from typing import Literal

from pydantic import Field

from gateway.settings.parts import Different, Strict, fault
from gateway.settings.sides import Weight


class AggregateSettings(Strict):
    """Say how the answers of an ensemble's members become one; see `gateway/plans/aggregate.py`.

    `outputs` are those that are aggregated, all that the members share where there are none.
    """

    by: Literal["mean", "weighted", "median", "vote", "max", "any"]
    weights: dict[str, Weight] = Field(default={})
    outputs: Different = ()

    def check_weights(self, members: tuple[str, ...]) -> None:
        """Check that each member has a weight where they are weighted, and only then, and that somebody counts."""
        if self.by != "weighted":
            if self.weights:
                raise fault(("aggregate", "weights"), f"are for weighted, and this is {self.by}")
            return
        for name in self.weights:
            if name not in members:
                raise fault(("aggregate", "weights", name), f"is none of the ensemble, which is {', '.join(members)}")
        if left := [name for name in members if name not in self.weights]:
            raise fault(("aggregate", "weights"), f"must have one for each member, and lack {', '.join(left)}")
        if not any(self.weights.values()):
            raise fault(("aggregate", "weights"), "must not all be 0")


def by_word(value: object) -> object:
    """Take a word for an aggregate without anything else, and `none` for nothing."""
    if value in ("none", {"by": "none"}):
        return None
    return {"by": value} if isinstance(value, str) else value
