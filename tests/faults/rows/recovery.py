"""A model that fails now and then, for one record, or again and again: what is asked once more, and what not at all."""

import contextlib
import struct
from collections.abc import Iterator

from tests.faults.contents import altered, output, said
from tests.faults.outcomes import ANSWERED, BACKEND_FAULT, BREAKER_OPEN, FATAL, Outcome
from tests.faults.protocols import v1
from tests.faults.proxy import Fault
from tests.faults.row import AT_ONCE_S, DEADLINE_S, Arrange, Row, on_the_way
from tests.faults.stack import Stack
from tests.faults.when import so_often, where
from tests.faults.wire import broken_off, cut, delayed, reset_unread, scripted
from tests.serving import wait_until

POISONS = {"raising": 66.625, "killing": 77.125, "crowded": 68.375}
"""Widths that no other record has."""


def once(what: str, fault: Fault) -> Row:
    """Make a row of a fault that meets the first call only."""
    return Row(f"{what}, once", "a call that is lost is made again", on_the_way(so_often(1, fault)), (ANSWERED,))


def left_alone(what: str, fault: Fault) -> Row:
    """Make a row of callers who come when a model has failed often enough."""
    return Row(what, "a model that fails on and on is left alone", until_open(fault), (BREAKER_OPEN,), AT_ONCE_S)


def poisoned(what: str, name: str, fault: Fault, outcome: Outcome) -> Row:
    """Make a row of a fault of one record, which neighbours are in one call with."""
    arrange = on_the_way(where(struct.pack("<d", POISONS[name]), fault))
    neighbours = ("plain", "plain", "plain", "both", "mixed")
    return Row(what, "a row costs only itself", arrange, (outcome,), DEADLINE_S, (f"plain:{name}",), neighbours)


def crowded() -> Row:
    """Make a row of one record that a model fails for, among 32 that come while a call is under way."""
    late = delayed(0.1)
    arrange = on_the_way(where(struct.pack("<d", POISONS["crowded"]), scripted(said(500)), otherwise=late))
    return Row(
        "a record that a model fails for (500), among 32",
        "a row costs only itself, and few calls",
        arrange,
        (BACKEND_FAULT,),
        DEADLINE_S,
        ("plain:crowded",),
        ("plain",) * 31,
        at_most={"bentogate_isolation_calls_total": 6},
    )


def until_open(fault: Fault) -> Arrange:
    """Ask under a fault until the model is left alone."""

    @contextlib.contextmanager
    def arrange(stack: Stack) -> Iterator[None]:
        def is_open() -> bool:
            v1.ask(stack.gateway.port, stack.asks("plain"))
            return stack.metrics()["bentogate_breaker_state", "plain"] == 1

        with on_the_way(fault)(stack):
            wait_until(is_open)
            yield

    return arrange


ROWS = [
    once("reset", reset_unread),
    once("ended (FIN) without an answer", cut("nothing")),
    once("a 502", scripted(said(502))),
    once("a 503", scripted(said(503))),
    once("a head that breaks off (FIN)", cut("head")),
    once("a body that breaks off (FIN)", cut("middle")),
    once("reset in the head of the answer", broken_off("head")),
    once("reset in its body", broken_off("middle")),
    poisoned("a record that a model fails for (500)", "raising", scripted(said(500)), BACKEND_FAULT),
    poisoned("a record that ends the connection whenever it is asked for", "killing", reset_unread, FATAL),
    crowded(),
    left_alone("a 500 to five calls and on", scripted(said(500))),
    left_alone("garbage to five calls and on", scripted(said(200, b"{}"))),
    left_alone(
        "possible but wrong probabilities (seen by a golden row)",
        altered(output("probability", lambda values: values / 2)),
    ),
]
