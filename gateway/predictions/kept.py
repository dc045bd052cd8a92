"""A request that is to be kept."""

from collections.abc import Sequence
from typing import NamedTuple

from contract import Table
from contract.table import Array
from gateway.batching import Prediction


class Kept(NamedTuple):
    """Hold a request that was answered, or a part of one; `time` is in nanoseconds since 1970.

    `instances` are the places of the records in the request, None for all of them.
    """

    time: int
    id: str
    route: str
    table: Table
    predictions: Sequence[Prediction]
    instances: Array | None
