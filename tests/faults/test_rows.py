"""Every promise is kept under its fault, and every invariant beside it."""

import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.faults.agreement import agree, outcome, recorded, same
from tests.faults.callers import Answer, together
from tests.faults.gateway import gateway, merged
from tests.faults.outcomes import ANSWERED, BREAKER_OPEN, NOTHING, OVERLOADED, Outcome
from tests.faults.protocols import v1
from tests.faults.row import AT_ONCE_S, DEADLINE_S, Row
from tests.faults.rows import ROWS
from tests.faults.stack import MARGIN, Stack, State
from tests.faults.table import Seen
from tests.serving import wait_until

RECOVERY_S = 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_the_promise_is_kept(stack: Stack, before: State, seen: dict[str, Seen], row: Row, tmp_path: Path) -> None:
    """Callers under the fault end as the row says, their neighbours are answered, and it passes without a trace."""
    if row.settings is None:
        seen[row.fault] = kept(stack, before, row)
        return
    with gateway(tmp_path, merged(stack.gateway.settings, row.settings)) as own:
        apart = replace(stack, gateway=own)
        wait_until(apart.answers)
        seen[row.fault] = kept(apart, before, row)


def kept(stack: Stack, before: State, row: Row) -> Seen:
    """Make the fault of a row, and check that all is as it says; gives what was seen."""
    wait_until(stack.at_rest)
    counted, logged = stack.metrics(), stack.gateway.log.stat().st_size
    count = len(row.asks)
    asked = [replace(stack.asks(route), wish_ms=row.wish_ms, terms=row.terms) for route in row.asks]
    asked += [stack.asks(route) for route in row.neighbours]
    port = stack.port_of(row.protocol, by_door=row.by_door)
    ways = [(row.protocol, port)] * count + [(v1.ask, stack.gateway.port)] * len(row.neighbours)
    with row.arrange(stack):
        answers = together([partial(ask, port, one) for (ask, port), one in zip(ways, asked, strict=True)])
        lifted = time.monotonic()
    wait_until(stack.answers, RECOVERY_S)
    recovery_s = time.monotonic() - lifted
    records = recorded(stack, {one.id for one in (asked if row.recorded else asked[count:])}, logged)
    reasons = [records[one.id]["reason"] if one.id in records else None for one in asked]
    outcomes = [outcome(*one, row) for one in zip(asked, answers, reasons, strict=True)]

    assert set(outcomes[:count]) & set(row.expect), outcomes
    assert set(outcomes[:count]) <= {*row.expect, *({BREAKER_OPEN} if blames_model(row) else ())}
    assert outcomes[count:] == [ANSWERED] * len(row.neighbours)
    slowest_s = slowest(answers[:count])
    assert slowest_s <= row.within_s * MARGIN
    assert slowest(answers[count:]) <= max(row.within_s, DEADLINE_S) * MARGIN
    refused = [its for its, how in zip(answers, outcomes, strict=True) if how == OVERLOADED]
    assert slowest(refused) <= AT_ONCE_S * MARGIN
    for one, how in zip(asked, outcomes, strict=True):
        if one.id in records and how != NOTHING:
            same(records[one.id], how)
    agree(stack, row, outcomes, counted, logged)
    stack.until_normal(before)
    return Seen(listed(outcomes[:count]), slowest_s, recovery_s)


def slowest(answers: list[list[Answer]]) -> float:
    """Give the seconds of who waited longest; none where nobody is answered."""
    return max((answer.seconds for its in answers for answer in its), default=0.0)


def blames_model(row: Row) -> bool:
    """Say whether a breaker counts what the row expects."""
    return any((one.status or 0) >= 502 for one in row.expect) and not row.by_door


def listed(outcomes: list[Outcome]) -> str:
    """Count outcomes for the table."""
    return ", ".join(f"{its}: {count}" for its, count in Counter(outcomes).items())


def test_each_row_has_a_fault_of_its_own() -> None:
    """A fault is the key of its row."""
    assert not [fault for fault, count in Counter(row.fault for row in ROWS).items() if count > 1]
