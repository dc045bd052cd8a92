"""Callers of `/v2` and gRPC: what is promised on `/v1` is promised there, in the words of the protocol."""

import struct
from dataclasses import replace

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

BINARY = "binary tensors of /v2"
PROTOCOLS: dict[str, Protocol] = {
    "gRPC": grpc.ask_with_deadline,
    "JSON of /v2": v2.ask_json,
    BINARY: v2.ask_binary,
}
POISONS = {name: {"raising": 67.0 + place, "killing": 78.0 + place} for place, name in enumerate(PROTOCOLS)}
"""Widths that no other record has."""

FATAL = Outcome(400, "fatal_record")
"""The protocol knows no 422."""

WISH_MS = 300
WRONG, IN_TIME = "nothing wrong passes", "nobody waits longer than the deadline"
SILENT, SILENCE = "silence, to callers who wait 0.3 s", on_the_way(stalled("nothing"))
NEIGHBOURS = ("plain", "plain", "both", "mixed")


def rows_of(protocol: str) -> list[Row]:
    """Give the rows of one protocol; the neighbours of a poisoned record come by `/v1`."""
    raising, killing = (struct.pack("<d", POISONS[protocol][name]) for name in ("raising", "killing"))
    fails, lost = scripted(said(500)), broken_off("nothing")

    def row(what: str, promise: str, arrange: Arrange, *expect: Outcome, within_s: float = AT_ONCE_S) -> Row:
        return Row(f"over {protocol}: {what}", promise, arrange, expect, within_s, protocol=PROTOCOLS[protocol])

    def poisoned(what: str, name: str, fault: Arrange, outcome: Outcome) -> Row:
        one = row(what, "a row costs only itself", fault, outcome, within_s=DEADLINE_S)
        return replace(one, asks=(f"plain:{protocol}:{name}",), neighbours=NEIGHBOURS)

    rows = [
        row("a 500", WRONG, on_the_way(fails), BACKEND_FAULT),
        row("a garbled body", WRONG, on_the_way(garbled("body")), BACKEND_FAULT),
        row("reset, once", "a call that is lost is made again", on_the_way(so_often(1, reset_unread)), ANSWERED,
            within_s=DEADLINE_S),
        poisoned("a record that a model fails for (500)", "raising", on_the_way(where(raising, fails)), BACKEND_FAULT),
    ]  # fmt: skip
    if protocol == BINARY:  # whose refusals are those of JSON
        return rows
    return [
        *rows,
        row("reset before the answer", "a model out of reach is told at once", on_the_way(lost), UNREACHABLE,
            within_s=0.5),
        replace(row(SILENT, IN_TIME, SILENCE, LATE, within_s=WISH_MS / 1000), wish_ms=WISH_MS),
        row("a 500 to five calls and on", "a model that fails on and on is left alone", until_open(fails),
            BREAKER_OPEN),
        poisoned("a record that ends the connection whenever it is asked for", "killing",
                 on_the_way(where(killing, reset_unread)), FATAL),
    ]  # fmt: skip


ROWS = [
    *(row for protocol in PROTOCOLS for row in rows_of(protocol)),
    Row(f"over gRPC: {SILENT}, by the parameter `timeout`", IN_TIME, SILENCE, (LATE,), WISH_MS / 1000,
        protocol=grpc.ask_with_timeout, wish_ms=WISH_MS),
    Row("over gRPC: a caller cancels while a model is asked", "a broken caller costs only itself",
        on_the_way(delayed(0.5)), (NOTHING,), DEADLINE_S, neighbours=NEIGHBOURS, protocol=grpc.leave),
]  # fmt: skip
