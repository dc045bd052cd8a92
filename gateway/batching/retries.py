"""How often requests may be asked again: a bound, so that a model in trouble is not buried under repeats."""

import random
import time
from collections import deque

from gateway.settings import RetrySettings

WINDOW_S = 10


class Budget:
    """Count the requests that were asked in the last ten seconds, and of them those that were asked again.

    They may be a share of all, and a few at any time: where one caller asks now and then, a share is nothing.
    """

    def __init__(self, settings: RetrySettings) -> None:
        self.settings = settings
        self.seconds: deque[list[int]] = deque()
        """A list for each second: which, how many requests were asked, how many again."""
        self.under_way = 0

    def asked(self, requests: int) -> None:
        """Count requests that are asked for the first time."""
        self.now()[1] += requests

    def take(self, requests: int) -> bool:
        """Say whether these may be asked again, and count them if so; `done` follows."""
        now = self.now()
        _, asked, again = map(sum, zip(*self.seconds, strict=True))
        if self.under_way + requests > self.settings.always and again + requests > self.settings.share * asked:
            return False
        now[2] += requests
        self.under_way += requests
        return True

    def done(self, requests: int) -> None:
        """Count what `take` allowed as over."""
        self.under_way -= requests

    def now(self) -> list[int]:
        """Give the counts of this second, and forget those of ten seconds ago."""
        second, seconds = int(time.monotonic()), self.seconds
        if not seconds or seconds[-1][0] != second:
            seconds.append([second, 0, 0])
            while seconds[0][0] <= second - WINDOW_S:
                seconds.popleft()
        return seconds[-1]

    def pause_s(self) -> float:
        """Say how long to wait before asking again: at random, so that not all come back at once."""
        return random.uniform(self.settings.shortest_s, self.settings.longest_s)  # noqa: S311 (no secret)
