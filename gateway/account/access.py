"""The access record: one JSON line per request."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from msgspec import UNSET

from gateway.account.account import Account
from gateway.output import Lines

log = structlog.get_logger()

ENCODER = msgspec.json.Encoder()

LONGEST_ROUTE = 200


class AccessRecord(msgspec.Struct):
    """Mirror a line; `status` is null where the caller left before its answer, `ms` is by phase.

    `failed` names the model, or the branch of a plan, that the whole request failed by as far as one is to blame.
    `missing` has the reason for each model that is missing in a partial answer, `ways` the rows of each branch that a
    plan took; each is left out where there is nothing to tell.
    """

    time: datetime
    id: str
    route: str
    caller: str
    status: int | None
    reason: str | None
    rows: int
    ms: dict[str, float]
    versions: dict[str, str]
    calls: dict[str, str]
    failed: str | msgspec.UnsetType = UNSET
    missing: dict[str, str] | msgspec.UnsetType = UNSET
    ways: Mapping[str, Mapping[str, int]] | msgspec.UnsetType = UNSET


class AccessLog(Lines):
    """Write records, made by `ENCODER`, to a file descriptor; the log tells what is lost."""

    def tell(self, what: str, **more: Any) -> None:
        """Say what became of records that are lost."""
        event = f"access records {what}"
        log.warning(event, **more)


def record(account: Account) -> AccessRecord:
    """Write down what is known of a request at its end."""
    return AccessRecord(
        time=datetime.now(UTC),
        id=account.id,
        route=account.route[:LONGEST_ROUTE],
        caller=account.caller,
        status=account.status,
        reason=account.reason,
        rows=account.rows,
        ms=account.ms,
        versions={one.model: one.version for one in account.predictions},
        calls={one.model: one.joint.call_id for one in account.predictions},
        failed=account.failed or UNSET,
        missing={model: error.reason for model, error in account.missing.items()} if account.missing else UNSET,
        ways=account.ways or UNSET,
    )
