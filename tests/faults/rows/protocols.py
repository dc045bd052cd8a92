"""Callers of `/v2` and gRPC: what is promised on `/v1` is promised there, in the words of the protocol."""

import struct
from collections.abc import Iterator

from tests.faults.callers import Protocol
from tests.faults.contents import said
from tests.faults.outcomes import (
    ANSWERED,
    BACKEND_FAULT,
    BREAKER_OPEN,
    LATE,
    NOTHING,
    UNREACHABLE,
    Outcome,
)
from tests.faults.protocols import grpc, v2
from tests.faults.row import AT_ONCE_S, DEADLINE_S, Arrange, Row, on_the_way
from tests.faults.rows.recovery import until_open
from tests.faults.when import so_often, where
from tests.faults.wire import broken_off, delayed, garbled, reset_unread, scripted, stalled

PROTOCOLS: dict[str, Protocol] = {
    "gRPC": grpc.ask_with_deadline,
    "JSON of /v2": v2.ask_json,
    "binary tensors of /v2": v2.ask_binary,
}
POISONS = {name: {"raising": 67.0 + place, "killing": 78.0 + place} for place, name in enumerate(PROTOCOLS)}
"""Widths that no other record has."""

FATAL = Outcome(400, "fatal_record")
"""The protocol knows no 422."""

WISH_MS = 300
NEIGHBOURS = ("plain", "plain", "both", "mixed")


def row(
    what: str,
    promise: str,
    protocol: Protocol,
    arrange: Arrange,
    *expect: Outcome,
    within_s: float = AT_ONCE_S,
    wish_ms: int | None = None,
) -> Row:
    """Make a row of callers of one protocol who all meet a fault."""
    return Row(what, promise, arrange, expect, within_s, protocol=protocol, wish_ms=wish_ms)


def poisoned(protocol: str, what: str, name: str, arrange: Arrange, outcome: Outcome) -> Row:
    """Make a row of a fault of one record, whose neighbours come by `/v1`."""
    return Row(
        f"over {protocol}: {what}",
        "a row costs only itself",
        arrange,
        (outcome,),
        DEADLINE_S,
        (f"plain:{protocol}:{name}",),
        NEIGHBOURS,
        protocol=PROTOCOLS[protocol],
    )


def rows_of(protocol: str, ask: Protocol) -> Iterator[Row]:
    """Give the rows of one protocol."""
    raising, killing = (struct.pack("<d", POISONS[protocol][name]) for name in ("raising", "killing"))
    over = f"over {protocol}"
    nonsense = "nothing wrong passes"
    yield row(f"{over}: a 500", nonsense, ask, on_the_way(scripted(said(500))), BACKEND_FAULT)
    yield row(f"{over}: a garbled body", nonsense, ask, on_the_way(garbled("body")), BACKEND_FAULT)
    yield row(
        f"{over}: reset before the answer",
        "a model out of reach is told at once",
        ask,
        on_the_way(broken_off("nothing")),
        UNREACHABLE,
        within_s=2 * AT_ONCE_S,
    )
    yield row(
        f"{over}: silence, to callers who wait 0.3 s",
        "nobody waits longer than the deadline",
        ask,
        on_the_way(stalled("nothing")),
        LATE,
        within_s=WISH_MS / 1000,
        wish_ms=WISH_MS,
    )
    yield row(
        f"{over}: reset, once",
        "a call that is lost is made again",
        ask,
        on_the_way(so_often(1, reset_unread)),
        ANSWERED,
        within_s=DEADLINE_S,
    )
    yield row(
        f"{over}: a 500 to five calls and on",
        "a model that fails on and on is left alone",
        ask,
        until_open(scripted(said(500))),
        BREAKER_OPEN,
    )
    yield poisoned(
        protocol,
        "a record that a model fails for (500)",
        "raising",
        on_the_way(where(raising, scripted(said(500)))),
        BACKEND_FAULT,
    )
    yield poisoned(
        protocol,
        "a record that ends the connection whenever it is asked for",
        "killing",
        on_the_way(where(killing, reset_unread)),
        FATAL,
    )


ROWS = [
    *(row for protocol, ask in PROTOCOLS.items() for row in rows_of(protocol, ask)),
    row(
        "over gRPC: silence, to callers who wait 0.3 s by the parameter `timeout`",
        "nobody waits longer than the deadline",
        grpc.ask_with_timeout,
        on_the_way(stalled("nothing")),
        LATE,
        within_s=WISH_MS / 1000,
        wish_ms=WISH_MS,
    ),
    Row(
        "over gRPC: a caller cancels while a model is asked",
        "a broken caller costs only itself",
        on_the_way(delayed(0.5)),
        (NOTHING,),
        DEADLINE_S,
        neighbours=NEIGHBOURS,
        protocol=grpc.leave,
    ),
]
