"""Signals to the processes of a real bento: a model that dies comes back by itself, and takes nobody with it."""

import contextlib
from collections.abc import Iterator

from tests.faults.outcomes import ANSWERED, FATAL, LATE, UNREACHABLE, Outcome
from tests.faults.protocols import v1
from tests.faults.row import AT_ONCE_S, DEADLINE_S, PATIENT_S, Arrange, Row, on_the_way
from tests.faults.services import Service, stopped
from tests.faults.stack import Stack
from tests.faults.wire import delayed
from tests.serving import wait_until

PROMISE = "a dead model costs only itself, and comes back"


def row(what: str, arrange: Arrange, *expect: Outcome, promise: str = PROMISE, within_s: float = DEADLINE_S) -> Row:
    """Make a row of a signal to the bento of `mixed`, which is asked without a proxy."""
    return Row(what, promise, arrange, expect, within_s, ("mixed", "mixed", "mixed", "both"), ("plain", "plain"),
               model="mixed")  # fmt: skip


@contextlib.contextmanager
def worker_killed(stack: Stack) -> Iterator[None]:
    """Kill the worker: BentoML starts another one, and meanwhile its port takes connections and says nothing."""
    stack.mixed.worker.kill()
    yield


@contextlib.contextmanager
def whole_killed(stack: Stack) -> Iterator[None]:
    """Kill all of it, and start it again, as Kubernetes does with a container."""
    stack.mixed.kill()
    yield
    stack.mixed.start()


@contextlib.contextmanager
def whole_ended(stack: Stack) -> Iterator[None]:
    """End it by SIGTERM, and start it again."""
    stack.mixed.process.terminate()
    stack.mixed.process.wait(20)
    yield
    stack.mixed.start()


@contextlib.contextmanager
def worker_stopped(stack: Stack) -> Iterator[None]:
    """Stop the worker for longer than anybody waits."""
    with stopped(stack.mixed.worker):
        yield


@contextlib.contextmanager
def worker_stopped_briefly(stack: Stack) -> Iterator[None]:
    """Stop the worker for half a second."""
    with stopped(stack.mixed.worker, 0.5):
        yield


@contextlib.contextmanager
def parent_stopped(stack: Stack) -> Iterator[None]:
    """Stop the process that starts workers: they serve on without it."""
    with stopped(stack.mixed.parent):
        yield


@contextlib.contextmanager
def deadly_among_others(stack: Stack) -> Iterator[None]:
    """Have `plain` be a little slow, so that all who come are in one call or two: its worker ends twice, not more."""
    started = workers_of(stack.plain)
    with on_the_way(delayed(0.03))(stack):
        yield
    assert workers_of(stack.plain) == started + 2


@contextlib.contextmanager
def deadly_and_known(stack: Stack) -> Iterator[None]:
    """Have the record be known for what it does, and end no worker any more."""
    while [answer.reason for answer in v1.ask(stack.gateway.port, stack.asks("patient:deadly"))] != [FATAL.reason]:
        wait_until(stack.answers, 30)
    started = workers_of(stack.plain)
    yield
    assert workers_of(stack.plain) == started


def workers_of(service: Service) -> int:
    """Count the workers that have been there."""
    return service.log.read_text().count("initialized")


def deadly(what: str, arrange: Arrange, within_s: float, neighbours: int) -> Row:
    """Make a row of a record that the worker of `plain` does not survive, beside others that it answers."""
    return Row(what, "a row costs only itself", arrange, (FATAL,), within_s, ("patient:deadly",),
               ("patient",) * neighbours)  # fmt: skip


ROWS = [
    # The connections that are kept end with the worker, and new ones are taken by the kernel.
    row("SIGKILL to a worker", worker_killed, UNREACHABLE, LATE, ANSWERED),
    row("SIGKILL to a worker and its parent", whole_killed, UNREACHABLE, within_s=AT_ONCE_S),
    row("SIGTERM to a bento", whole_ended, UNREACHABLE, within_s=AT_ONCE_S),
    row("SIGSTOP to a worker", worker_stopped, LATE, promise="nobody waits longer than the deadline"),
    row("SIGSTOP to a worker for half a second", worker_stopped_briefly, ANSWERED,
        promise="who is slow but in time is waited for"),
    row("SIGSTOP to a parent", parent_stopped, ANSWERED, promise="the workers need no parent to answer"),
    deadly("a record that the worker does not survive, among 32", deadly_among_others, PATIENT_S, 31),
    deadly("a record that the worker did not survive twice", deadly_and_known, AT_ONCE_S, 3),
]  # fmt: skip
