"""The split that a canary moves: its two sides, and what the candidate has of it."""

from gateway.canary.weights import PLACES, Place, PlaceError, weights_in, with_weights


class Unjudged(Exception):
    """Report that a step came to no verdict; weights stay as they are."""


class Split:
    """Hold the split of a route, in the place of its weights; the second side is the candidate unless it is named.

    Nothing is kept but the weights: where they are says how far a rollout is.
    """

    def __init__(self, route: str, place: Place, candidate: str | None = None) -> None:
        self.route = route
        self.place = place
        sides = list(weights_in(place.read(), route))
        if candidate is not None and candidate not in sides:
            raise PlaceError(f"{route} has no side {candidate!r}, but {' and '.join(sides)}")
        self.candidate = candidate or sides[1]
        self.stable = next(side for side in sides if side != self.candidate)

    @property
    def percent(self) -> float:
        """Give what the candidate has now; raises PlaceError."""
        weights = weights_in(self.place.read(), self.route)
        return 100 * weights[self.candidate] / sum(weights.values())

    def weights_at(self, percent: float) -> dict[str, float]:
        """Give the weights with so much for the candidate."""
        return {self.stable: round(100 - percent, PLACES), self.candidate: round(percent, PLACES)}

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
