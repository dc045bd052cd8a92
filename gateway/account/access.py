"""The access record: one JSON line per request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from gateway.output import Lines

log = structlog.get_logger()

ENCODER = msgspec.json.Encoder()


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
    failed: str | msgspec.UnsetType = msgspec.UNSET
    missing: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    ways: Mapping[str, Mapping[str, int]] | msgspec.UnsetType = msgspec.UNSET


class AccessLog(Lines):
    """Write records, made by `ENCODER`, to a file descriptor, in a thread of its own; the log tells what is lost."""

    def tell(self, what: str, **more: Any) -> None:
        """Say what became of records that are lost."""
        event = f"access records {what}"
        log.warning(event, **more)
