"""Where the keys of a route are in [0, 1), and which side of a split each is on."""

from collections.abc import Mapping
from hashlib import blake2b
from itertools import accumulate


def position(route: str, key: str) -> float:
    """Give the place of a key in [0, 1), the same on every replica and for any weights.

    The name of the route is in it, so that one route's callers are not halved alike by the next.
    """
    digest = blake2b(f"{route}\n{key}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


class Sides:
    """Say which side a key is on; under other weights it stays, unless it lies between an old cut and the new one.

    Sides with the weight 0 have none.
    """

    def __init__(self, route: str, weights: Mapping[str, float]) -> None:
        self.route = route
        self.weights = dict(weights)
        asked = {side: weight for side, weight in weights.items() if weight}
        total = sum(weights.values())
        self.cuts = [(side, cut / total) for side, cut in zip(asked, accumulate(asked.values()), strict=True)]

    def of(self, key: str) -> str:
        """Give the side of a key."""
        place = position(self.route, key)
        for side, cut in self.cuts:
            if place < cut:
                return side
        return self.cuts[-1][0]  # by rounding its cut may be below 1
