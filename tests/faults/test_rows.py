"""Every promise is kept under its fault, and every invariant beside it."""

import time
from collections import Counter
from dataclasses import replace

import pytest

from tests.faults.callers import Answer, Asked, together
from tests.faults.row import ANSWERED, BREAKER_OPEN, DEADLINE_S, NOTHING, Outcome, Row
from tests.faults.rows import ROWS
from tests.faults.stack import MARGIN, Stack, State, is_right
from tests.faults.table import Seen
from tests.serving import wait_until

RECOVERY_S = 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_the_promise_is_kept(stack: Stack, before: State, seen: dict[str, Seen], row: Row) -> None:
    """Callers under the fault end as the row says, their neighbours are answered, and it passes without a trace."""
    wait_until(stack.at_rest)
    counted, logged = stack.metrics(), stack.log.stat().st_size
    asked = [replace(stack.asks(route), header=row.header) for route in row.asks]
    asked += [stack.asks(route) for route in row.neighbours]
    ports = [stack.door.port if row.by_door else stack.port] * len(row.asks) + [stack.port] * len(row.neighbours)
    with row.arrange(stack):
        answers = together(list(zip(ports, asked, strict=True)))
        lifted = time.monotonic()
    wait_until(stack.answers, RECOVERY_S)
    recovery_s = time.monotonic() - lifted
    outcomes = [outcome(row, one, its) for one, its in zip(asked, answers, strict=True)]

    count = len(row.asks)
    assert set(outcomes[:count]) & set(row.expect), outcomes
    assert set(outcomes[:count]) <= {*row.expect, *({BREAKER_OPEN} if blames_model(row) else ())}
    assert outcomes[count:] == [ANSWERED] * len(row.neighbours)
    slowest_s = slowest(answers[:count])
    assert slowest_s <= row.within_s * MARGIN
    assert slowest(answers[count:]) <= DEADLINE_S * MARGIN
    agree(stack, row, {one.id: its for one, its in zip(asked, outcomes, strict=True)}, counted, logged)
    stack.until_normal(before)
    seen[row.fault] = Seen(listed(outcomes[:count]), slowest_s, recovery_s)


def slowest(answers: list[list[Answer]]) -> float:
    """Give the seconds of who waited longest; none where nobody is answered."""
    return max((answer.seconds for its in answers for answer in its), default=0.0)


def outcome(row: Row, one: Asked, answers: list[Answer]) -> Outcome:
    """Give the outcome of a request, which has no more than one answer, and that a right one or a proper refusal."""
    if not answers:
        return NOTHING
    (answer,) = answers
    if answer.status == 200:
        assert is_right(one, answer), (one, answer)
        return ANSWERED
    if not isinstance(answer.document, dict):
        return Outcome(answer.status)
    problem = answer.document
    assert problem["status"] == answer.status
    assert problem["id"] == one.id or not row.recorded
    assert ("retry-after" in answer.headers) == (answer.status == 503)
    assert "Traceback" not in problem["detail"]
    assert "127.0.0.1" not in problem["detail"]
    if problem["reason"].startswith("backend_"):
        assert problem["model"] == row.model
    return Outcome(answer.status, problem["reason"])


def blames_model(row: Row) -> bool:
    """Say whether a breaker counts what the row expects."""
    return any((one.status or 0) >= 502 for one in row.expect) and not row.by_door


def agree(stack: Stack, row: Row, outcomes: dict[str, Outcome], counted: Counter[tuple[str, ...]], since: int) -> None:
    """Check that metrics, access records and log say the same as the callers."""
    known = {name: its for name, its in outcomes.items() if row.recorded or its == ANSWERED}

    def records() -> list[dict[str, object]]:
        return [line for line in stack.logged(since) if line.get("id") in known]

    def booked() -> bool:
        more = stack.metrics()
        more.subtract(counted)
        reasons = Counter(its.reason for its in outcomes.values() if its.reason)
        return all(more["bentogate_refused_total", reason] >= count for reason, count in reasons.items())

    wait_until(lambda: len(records()) >= len(known))
    wait_until(booked)
    assert len(records()) == len(known)
    for record in records():
        its = known[str(record["id"])]
        if its != NOTHING:
            assert (record["status"], record["reason"]) == (its.status, its.reason)
    assert not [line for line in stack.logged(since) if line.get("level") == "error"]
    assert "Traceback" not in stack.log.read_bytes()[since:].decode()


def listed(outcomes: list[Outcome]) -> str:
    """Count outcomes for the table."""
    return ", ".join(f"{its}: {count}" for its, count in Counter(outcomes).items())


def test_each_row_has_a_fault_of_its_own() -> None:
    """A fault is the key of its row."""
    assert not [fault for fault, count in Counter(row.fault for row in ROWS).items() if count > 1]
