"""One row of the table: a fault, what is promised under it, how it is made, and what callers may get meanwhile."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.callers import Protocol
from tests.faults.outcomes import Outcome
from tests.faults.protocols import v1
from tests.faults.proxy import CALLS, Fault
from tests.faults.stack import Stack

DEADLINE_S = 2.0
"""The deadline that the gateway of the tests has."""

PATIENT_S = 30.0
"""The deadline of its route `patient`, for callers who outlive the death of a worker."""

AT_ONCE_S = 0.25
"""Well below the deadline: nobody waited for it."""


Arrange = Callable[[Stack], AbstractContextManager[None]]


@dataclass(frozen=True)
class Row:
    """Hold a row.

    `asks` are the routes of those who meet the fault, by `protocol`, and through the proxy at the door if `by_door`;
    each waits `wish_ms` at most, allows partial answers by its `terms`, and has one of the `expect`ed outcomes within
    so many seconds. `neighbours` ask other routes meanwhile and are answered. `model` is named where a model is to
    blame. `recorded` is false where the gateway has not heard of the request. `at_most` bounds how much the model's
    counters of these names grow. With `settings` the gateway is one of the row's own, which has these besides.
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
    protocol: Protocol = v1.ask
    wish_ms: int | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] | None = None


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
