"""What callers heard, and that metrics, access records and log say the same."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.faults.callers import Answer, Asked
from tests.faults.outcomes import LATE, NOTHING, Outcome, is_right
from tests.faults.row import Row
from tests.faults.stack import Stack
from tests.serving import wait_until

Counts = Counter[tuple[str, ...]]


def outcome(one: Asked, answers: list[Answer], recorded: str | None, row: Row) -> Outcome:
    """Give the outcome of a request, which has no more than one answer, and that a right one or a proper refusal.

    Where the protocol does not tell the reason, it is the one that was recorded.
    """
    if not answers:
        return NOTHING
    (answer,) = answers
    if answer.status == 200:
        assert is_right(one, answer), (one, answer)
        assert answer.id == one.id
        return Outcome(200, None, frozenset(answer.missing.items()))
    its = Outcome(answer.status, answer.reason or recorded)
    # The library of gRPC tells a deadline by itself.
    assert answer.id == one.id or not row.recorded or (its == LATE and answer.id is None), (one, answer)
    assert (answer.retry_after is not None) == (answer.status == 503), answer
    assert "Traceback" not in answer.text
    assert "127.0.0.1" not in answer.text
    if (answer.reason or "").startswith("backend_"):
        assert answer.model == row.model
    return its


def recorded(stack: Stack, ids: set[str], since: int) -> dict[str, dict[str, Any]]:
    """Wait for the access record of each of these requests, of which there is one only; gives them by id."""

    def records() -> list[dict[str, Any]]:
        return [line for line in stack.logged(since) if line.get("id") in ids]

    wait_until(lambda: len(records()) >= len(ids))
    found = {record["id"]: record for record in records()}
    assert len(records()) == len(found)
    return found


def same(record: dict[str, Any], its: Outcome) -> None:
    """Check that a record tells the outcome."""
    assert (record["status"], record["reason"]) == (its.status, its.reason), (record, its)
    assert record.get("missing", {}) == dict(its.missing), (record, its)


def agree(stack: Stack, row: Row, outcomes: Sequence[Outcome], counted: Counts, since: int) -> None:
    """Check that what was refused is counted, and no more was done than the row allows, and the log has no failure."""
    reasons = Counter(its.reason for its in outcomes if its.reason)
    missing = Counter(one for its in outcomes for one in its.missing)

    def more() -> Counts:
        now = stack.metrics()
        now.subtract(counted)
        return now

    def booked() -> bool:
        now = more()
        return all(now["bentogate_refused_total", reason] >= count for reason, count in reasons.items()) and all(
            now["bentogate_missing_total", *one] >= count for one, count in missing.items()
        )

    wait_until(booked)
    grown = {name: more()[name, row.model] for name in row.at_most}
    assert all(grown[name] <= most for name, most in row.at_most.items()), grown
    errors = [line for line in stack.logged(since) if line.get("level") == "error"]
    assert not errors, errors
    written = stack.gateway.log.read_bytes()[since:].decode()
    assert "Traceback" not in written, written[max(0, written.find("Traceback") - 500) :][:4000]
