"""What an open loop sends, and when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.exchange import Request

MOST_REQUESTS = 2_000_000


@dataclass(frozen=True)
class Load:
    """Say what is sent: a request, how many a second over how many connections, and for how long.

    Moments are evenly spaced, or as of many callers who do not know of each other (`poisson`, repeatable by `seed`).
    After the last is due, answers are awaited for `patience_s`. Raises ValueError where it is no load, or too much.
    """

    request: Request
    rate: float
    seconds: float
    connections: int
    poisson: bool = False
    seed: int = 0
    patience_s: float = 10.0

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.seconds <= 0 or self.connections < 1:
            raise ValueError("rate, seconds and connections must be more than nothing")
        if self.rate * self.seconds > MOST_REQUESTS:
            raise ValueError(f"{self.rate:g}/s for {self.seconds:g} s are more than {MOST_REQUESTS} requests")

    def moments(self) -> Iterator[float]:
        """Yield when each request is due, in seconds after the start."""
        chance, moment, number = random.Random(self.seed), 0.0, 0  # noqa: S311 (no secret)
        while moment < self.seconds:
            yield moment
            number += 1
            moment = moment + chance.expovariate(self.rate) if self.poisson else number / self.rate
