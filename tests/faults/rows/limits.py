"""Callers who bring more than the door takes, or too slowly: each is told why, and costs itself only."""

import contextlib
import gzip
from collections.abc import Iterator

import httpx

from tests.faults.door import CHUNKED, saying, unfinished_silence, with_body, with_connections, with_lines, with_url
from tests.faults.outcomes import (
    ANSWERED,
    HEAD_TOO_LARGE,
    MALFORMED,
    OVERLOADED,
    TOO_LARGE,
    TOO_MANY,
    TOO_SLOW,
    URL_TOO_LONG,
    Outcome,
)
from tests.faults.proxy import Fault
from tests.faults.row import AT_ONCE_S, Row, at_the_door, on_the_way
from tests.faults.rows.callers import NEIGHBOURS
from tests.faults.rows.callers import PROMISE as ITSELF
from tests.faults.stack import Stack
from tests.faults.wire import delayed

SHED = "what cannot be done in time is refused at once"
HEAD_S = 7
"""Five seconds for a head, and up to two until the watch has seen it."""

MIB = b"100000\r\n" + b" " * 2**20 + b"\r\n"
BOMB = gzip.compress(b" " * (64 * 2**20), compresslevel=9)

QUEUE_ROWS = 4
LATE_S = 1.3
"""Longer than it may take to be refused."""

CONNECTIONS = 20


def row(what: str, fault: Fault, expect: Outcome, *, recorded: bool = False, within_s: float = AT_ONCE_S) -> Row:
    """Make a row of one limit of the door; who is refused before its head was read is in no record."""
    return Row(f"a caller {what}", ITSELF, at_the_door(fault), (expect,), within_s, neighbours=NEIGHBOURS,
               by_door=True, recorded=recorded)  # fmt: skip


@contextlib.contextmanager
def queue_full(stack: Stack) -> Iterator[None]:
    """Have `plain` be slow, so that its queue is full with the first few callers: these are answered."""
    before = stack.metrics()
    with on_the_way(delayed(LATE_S))(stack):
        yield
        more = stack.metrics()
        more.subtract(before)
        assert more["bentogate_requests_total", "200", "plain"] >= QUEUE_ROWS
        assert more["bentogate_requests_total", "503", "plain"] > 0


@contextlib.contextmanager
def door_full(stack: Stack) -> Iterator[None]:
    """Take all connections that there are: health is answered still."""
    with with_connections(CONNECTIONS, b"")(stack):
        yield
        assert httpx.get(f"http://127.0.0.1:{stack.gateway.port}/livez").json() == {"live": True}
        assert httpx.get(f"{stack.gateway.admin}/readyz").status_code == 200


ROWS = [
    row("stops in the head", unfinished_silence("head"), TOO_SLOW, within_s=HEAD_S),
    row("sends a header of 17 KiB", with_lines(f"X-Long: {'x' * 17 * 2**10}"), HEAD_TOO_LARGE),
    row("sends 65 headers", with_lines(*[f"X-{number}: x" for number in range(62)]), HEAD_TOO_LARGE),
    row("asks for a URL of 9 KiB", with_url(f"?{'x' * 9 * 2**10}"), URL_TOO_LONG),
    row("names two hosts", with_lines("Host: other"), MALFORMED),
    row("folds a line of the head", with_lines("X-One: x", " y"), MALFORMED),
    row("says a length of over 60 MB, where 4 MiB are the most", saying("{}000000"), TOO_LARGE, recorded=True),
    row("sends 5 MiB in chunks, where 4 are the most", with_body(MIB * 5 + b"0\r\n\r\n", CHUNKED), TOO_LARGE,
        recorded=True, within_s=1),
    row("sends 64 MiB that are packed to 64 KiB, where 4 are the most", with_body(BOMB, "Content-Encoding: gzip"),
        TOO_LARGE, recorded=True, within_s=1),
    row("sends JSON nested 100,000 deep", with_body(b'{"instances": ' + b"[" * 100_000), MALFORMED, recorded=True),
    Row("a flood on a queue that has room for 4 rows", SHED, queue_full, (ANSWERED, OVERLOADED), 3 * LATE_S,
        ("plain",) * 16, settings={"backends": {"plain": {"max_queued_rows": QUEUE_ROWS}}, "timeout_s": 10}),
    Row("20 connections, at a gateway that takes 20", SHED, door_full, (TOO_MANY,), AT_ONCE_S, neighbours=(),
        recorded=False, settings={"max_connections": CONNECTIONS}),
]  # fmt: skip
