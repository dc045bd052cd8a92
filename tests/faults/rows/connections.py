"""Connections to a model that break off, or are never made."""

import contextlib
import socket
from collections.abc import Iterator

from tests.faults.outcomes import ANSWERED, BACKEND_FAULT, UNREACHABLE, Outcome
from tests.faults.row import Arrange, Row, on_the_way
from tests.faults.stack import Stack
from tests.faults.wire import broken_off, closed_after, cut, ended_unanswered, reset_at_connect, reset_unread
from tests.serving import wait_until

PROMISE = "a model out of reach is told at once"
KEPT = "a connection that ends while nobody uses it costs nobody anything"


def row(what: str, arrange: Arrange, *expect: Outcome, promise: str = PROMISE) -> Row:
    """Make a row of one fault of the connections; half a second is how long the gateway tries to connect."""
    return Row(what, promise, arrange, expect, within_s=0.5)


@contextlib.contextmanager
def refused(stack: Stack) -> Iterator[None]:
    """Take no connection."""
    stack.way.do(stack.way.stop_listening)
    yield
    stack.way.do(stack.way.listen)


@contextlib.contextmanager
def unheard(stack: Stack) -> Iterator[None]:
    """Drop whoever wants to connect: a listener that takes nobody, and whose queue is full.

    One connection fills it. Where the gateway, which asks for the contract, was the first, ours would wait minutes.
    """
    stack.way.do(stack.way.stop_listening)
    address = ("127.0.0.1", stack.way.port)
    with socket.create_server(address, backlog=0), socket.socket() as one:
        one.setblocking(False)
        one.connect_ex(address)
        yield
    stack.way.do(stack.way.listen)


@contextlib.contextmanager
def reset_when_made(stack: Stack) -> Iterator[None]:
    """Break off each connection when it is made, and those that there are."""
    stack.way.at_connect = reset_at_connect
    stack.way.do(stack.way.break_off)
    yield
    stack.way.lift()


@contextlib.contextmanager
def all_reset(stack: Stack) -> Iterator[None]:
    """Break off the connections that are kept, once."""
    wait_until(lambda: stack.answers("plain"))
    stack.way.do(stack.way.break_off)
    yield


ROWS = [
    row("connections are refused", refused, UNREACHABLE),
    row("nobody takes connections (SYN without an answer)", unheard, UNREACHABLE),
    row("connections are reset as they are made", reset_when_made, UNREACHABLE),
    row("reset before the request is read", on_the_way(reset_unread), UNREACHABLE),
    row("reset before the answer", on_the_way(broken_off("nothing")), UNREACHABLE),
    row("reset in the head of the answer", on_the_way(broken_off("head")), BACKEND_FAULT),
    row("reset in its body", on_the_way(broken_off("middle")), BACKEND_FAULT),
    row("ended (FIN) before the answer", on_the_way(cut("nothing")), UNREACHABLE),
    row("ended (FIN) by a model that has done the work", on_the_way(ended_unanswered), UNREACHABLE),
    row("the kept connections are reset", all_reset, ANSWERED, promise=KEPT),
    row(
        "each connection is ended (FIN) 20 ms after its answer", on_the_way(closed_after(0.02)), ANSWERED, promise=KEPT
    ),
]
