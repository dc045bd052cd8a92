"""Answers that may lack a model: it is missing with its reason, and the others are there and right."""

from collections.abc import Mapping
from typing import Any

from tests.faults.callers import Protocol
from tests.faults.contents import said
from tests.faults.outcomes import BACKEND_FAULT, Outcome, without
from tests.faults.protocols import grpc, v1, v2
from tests.faults.row import AT_ONCE_S, DEADLINE_S, Arrange, Row, on_the_way
from tests.faults.rows.connections import refused
from tests.faults.rows.recovery import until_open
from tests.faults.wire import scripted, stalled

PROMISE = "a partial answer says who is missing and why"
WISH_MS = 500
PARTIAL = {"partial": True}
FAILS, SILENT = on_the_way(scripted(said(500))), on_the_way(stalled("nothing"))


def row(
    what: str,
    arrange: Arrange,
    *expect: Outcome,
    route: str = "both",
    within_s: float = AT_ONCE_S,
    protocol: Protocol = v1.ask,
    wish_ms: int | None = None,
    terms: Mapping[str, Any] = PARTIAL,
) -> Row:
    """Make a row of callers who ask an ensemble of whose models `plain` is ill."""
    return Row(f"{what}, of an ensemble", PROMISE, arrange, expect, within_s, (route,) * 4, protocol=protocol,
               wish_ms=wish_ms, terms=terms)  # fmt: skip


LACKING = without("plain", "backend_fault")
OPEN = without("plain", "breaker_open")

ROWS = [
    row("a 500 from a model that may be missing", FAILS, LACKING, OPEN),
    row("a 500 from a model that the route can do without", FAILS, LACKING, OPEN, route="sure", terms={}),
    row("a 500 from a model that the request requires", FAILS, BACKEND_FAULT, terms={"require": ["plain"]}),
    row("a 500 from one of two models of which both must answer", FAILS, BACKEND_FAULT, terms={"quorum": 2}),
    row("silence from a model that may be missing", SILENT, without("plain", "deadline_exceeded"),
        within_s=DEADLINE_S, wish_ms=WISH_MS),
    row("no connections to a model that may be missing", refused, without("plain", "backend_unreachable"),
        within_s=DEADLINE_S),
    row("a breaker that is open before a model that may be missing", until_open(scripted(said(500))), OPEN),
    row("over JSON of /v2: a 500 from a model that may be missing", FAILS, LACKING, OPEN, protocol=v2.ask_json,
        terms={"require": ["mixed"]}),
    row("over gRPC: a 500 from a model that may be missing", FAILS, LACKING, OPEN, protocol=grpc.ask_with_deadline,
        terms={"quorum": 1}),
    row("over gRPC: silence from a model that may be missing", SILENT, without("plain", "deadline_exceeded"),
        protocol=grpc.ask_with_deadline, within_s=DEADLINE_S, wish_ms=WISH_MS),
]  # fmt: skip
