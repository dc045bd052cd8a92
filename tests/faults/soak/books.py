"""The gateway's own books: log, access records and metrics, which agree with each other and with the callers."""

import json
from collections import Counter
from typing import Any

from tests.faults.soak.caller import REASONS, Told
from tests.faults.stack import Stack

ROUTES = {"plain", "mixed", "both"}
AT_THE_DOOR = {"malformed", "too_slow"}
"""Reasons for which who asks is refused also before there is a request to record."""


class Books:
    """Follow the log from here on; `records` have status and reason of each request that is recorded."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.place = stack.gateway.log.stat().st_size
        self.counted = stack.metrics()
        self.records: dict[str, tuple[int | None, str | None]] = {}
        self.answers: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[str] = Counter()

    def read_on(self) -> None:
        """Read what was written since; nothing in it is a failure of the gateway's own."""
        with self.stack.gateway.log.open("rb") as log:
            log.seek(self.place)
            whole, newline, _ = log.read().rpartition(b"\n")
        self.place += len(whole + newline)
        for line in whole.decode().splitlines():
            assert line.startswith("{"), line
            its = json.loads(line)
            assert its.get("level") not in {"error", "critical"}, line
            assert "exception" not in its, line
            if "ms" in its:
                self.enter(its)

    def enter(self, record: dict[str, Any]) -> None:
        """Enter an access record: no request has two."""
        status, reason = record["status"], record["reason"]
        assert record["id"] not in self.records, record
        self.records[record["id"]] = status, reason
        if reason is not None:
            self.refusals[reason] += 1
        if status is not None and record["route"] in ROUTES:
            self.answers[record["route"], str(status)] += 1

    def differences(self, told: Told) -> list[str]:
        """Say where callers, records and metrics do not say the same; none are to be when nothing is under way."""
        self.read_on()
        found = [
            f"{one} was told {status}, and recorded is {self.records.get(one)}"
            for one, status in told.statuses.items()
            if not self.is_recorded(one, status, told.reasons.get(one))
        ]
        more = self.stack.metrics()
        more.subtract(self.counted)
        for (name, *labels), count in more.items():
            if name == "bentogate_requests_total" and labels[0] in ROUTES:
                found += different(f"answers {labels}", count, self.answers[labels[0], labels[1]])
            if name == "bentogate_refused_total" and not (
                labels[0] in AT_THE_DOOR and count > self.refusals[labels[0]]
            ):
                found += different(f"refusals for {labels}", count, self.refusals[labels[0]])
        return found + different("records", more["bentogate_access_records_lost_total",], 0)

    def is_recorded(self, request_id: str, status: int, reason: str | None) -> bool:
        """Say whether a request is recorded as its caller was told, and with one of the reasons of that status."""
        recorded = self.records.get(request_id)
        return (
            recorded is not None and recorded[0] == status and recorded[1] in ({reason} if reason else REASONS[status])
        )


def different(what: str, counted: float, recorded: int) -> list[str]:
    """Say it where a metric counts something else than the records."""
    return [] if counted == recorded else [f"{counted} {what} are counted, and {recorded} recorded"]
