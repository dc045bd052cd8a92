"""All rows, in the order of the table."""

from tests.faults.row import Row
from tests.faults.rows import (
    callers,
    connections,
    contents,
    framing,
    gateway,
    limits,
    partly,
    processes,
    protocols,
    recovery,
    times,
)

ROWS: list[Row] = [
    *contents.ROWS,
    *framing.ROWS,
    *connections.ROWS,
    *times.ROWS,
    *recovery.ROWS,
    *partly.ROWS,
    *processes.ROWS,
    *protocols.ROWS,
    *callers.ROWS,
    *limits.ROWS,
    *gateway.ROWS,
]
"""Each row has a fault of its own; a test holds it."""
