"""What a run of `make bench` has found."""

from dataclasses import dataclass, field

from benchmarks.concurrency import Rates
from benchmarks.many_rows import Found as Rows
from benchmarks.wrk import Sample


@dataclass
class Measured:
    """Hold what was measured of one peer, an entry a round."""

    loads: dict[int, list[Sample]]
    ready_s: list[float] = field(default_factory=list)
    ready_pss: list[int] = field(default_factory=list)
    highest_pss: list[int] = field(default_factory=list)
    burst_p99_ms: list[float] = field(default_factory=list)
    failed: str = ""


@dataclass
class Found:
    """Hold what was measured of each peer, and of ours with many rows and with several calls in flight.

    `failed` says why one of the latter could not be.
    """

    peers: dict[str, Measured]
    rows: Rows | None = None
    in_flight: Rates | None = None
    failed: dict[str, str] = field(default_factory=dict)
