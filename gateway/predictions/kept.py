"""A request that is to be kept."""

from collections.abc import Sequence
from typing import NamedTuple

from contract import Table
from gateway.batching import Prediction


class Kept(NamedTuple):
    """Hold a request that was answered; `time` is in nanoseconds since 1970."""

    time: int
    id: str
    route: str
    table: Table
    predictions: Sequence[Prediction]
