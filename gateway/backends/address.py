"""One address of several at which a model answers."""

import math
import time

from gateway.backends.transport import Transport

DOUBTED_S, DOUBTED = 1.0, 1_000
"""For so long after a call was lost its address is taken for so much busier. A pod that is killed does not end at once:
its parent still takes connections, and the second attempt was lost there too."""


class Address:
    """Hold one address of a model's server: its connections, how it does, and whether it is left out."""

    def __init__(self, at: str, transport: Transport) -> None:
        self.at = at
        self.transport = transport
        self.under_way = self.failures = self.times_out = 0
        self.lost_at = -math.inf
        self.is_out = False

    @property
    def load(self) -> int:
        """Say how busy it is; one that has just failed is taken for busier, and one that was lost for much busier."""
        doubt = DOUBTED if time.monotonic() - self.lost_at < DOUBTED_S else 0
        return self.under_way + self.failures + doubt
