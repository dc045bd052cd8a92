"""One row of the table: a fault, what is promised under it, how it is made, and what callers may get meanwhile."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.faults.proxy import CALLS, Fault
from tests.faults.stack import Stack

DEADLINE_S = 2.0
"""The deadline that the gateway of the tests has."""

AT_ONCE_S = 0.25
"""Well below the deadline: nobody waited for it."""


@dataclass(frozen=True)
class Outcome:
    """Say how a request ends; without a status there is no answer."""

    status: int | None
    reason: str | None = None

    def __str__(self) -> str:
        """Write it for the table."""
        return (
            "no answer"
            if self.status is None
            else f"{self.status} `{self.reason}`"
            if self.reason
            else f"{self.status}"
        )


ANSWERED = Outcome(200)
BACKEND_FAULT = Outcome(502, "backend_fault")
UNREACHABLE = Outcome(503, "backend_unreachable")
UNAVAILABLE = Outcome(503, "backend_unavailable")
UNKNOWN_VERSION = Outcome(503, "backend_unknown")
LATE = Outcome(504, "deadline_exceeded")
MALFORMED = Outcome(400, "malformed")
NOTHING = Outcome(None)
FATAL = Outcome(422, "fatal_record")
BREAKER_OPEN = Outcome(503, "breaker_open")
"""A model that has failed often enough is left alone: later callers of a row may hear this instead of the fault."""

Arrange = Callable[[Stack], AbstractContextManager[None]]


@dataclass(frozen=True)
class Row:
    """Hold a row.

    `asks` are the routes of those who meet the fault, through the proxy at the door if `by_door`; each has one of the
    `expect`ed outcomes, within so many seconds. `neighbours` ask other routes meanwhile and are answered. `model` is
    named where a model is to blame. `recorded` is false where the gateway has not heard of the request. `header` is a
    line that those who meet the fault send besides.
    """

    fault: str
    promise: str
    arrange: Arrange
    expect: tuple[Outcome, ...]
    within_s: float = DEADLINE_S
    asks: tuple[str, ...] = ("plain", "plain", "plain", "both")
    neighbours: tuple[str, ...] = ("mixed", "mixed")
    by_door: bool = False
    model: str = "plain"
    recorded: bool = True
    header: str = ""


def on_the_way(fault: Fault, paths: tuple[bytes, ...] = CALLS) -> Arrange:
    """Make a fault between the gateway and `plain`."""

    @contextlib.contextmanager
    def arrange(stack: Stack) -> Iterator[None]:
        stack.way.paths, stack.way.fault = paths, fault
        yield
        stack.way.lift()

    return arrange


def at_the_door(fault: Fault) -> Arrange:
    """Make a fault between a caller and the gateway."""

    @contextlib.contextmanager
    def arrange(stack: Stack) -> Iterator[None]:
        stack.door.fault = fault
        yield
        stack.door.lift()

    return arrange
