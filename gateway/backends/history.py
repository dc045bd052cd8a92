"""How the contract of a model changed under the gateway."""

from datetime import UTC, datetime

import msgspec
import structlog

from contract import Change, Interface, changes

MOST_PAIRS = 64
"""Of so many pairs of versions it is remembered that they are told, whatever versions a server names."""

log = structlog.get_logger()


class Changed(msgspec.Struct, frozen=True):
    """Say which version gave way to which, when the gateway learned of it, and what changes for callers."""

    old: str = msgspec.field(name="from")
    new: str = msgspec.field(name="to")
    at: str
    changes: tuple[Change, ...]


class History:
    """Remember the last change of one model, and log each once.

    While two versions live behind one address, either may be the newest to be heard of, again and again.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.last: Changed | None = None
        self.told: set[tuple[str, str]] = set()

    def note(self, old: Interface | None, new: Interface) -> None:
        """Note that a model has told another contract, or its first."""
        if old is None:
            log.info("learned a model", model=self.model, version=new.version)
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.last = Changed(old.version, new.version, now, changes(old, new))
        if (old.version, new.version) in self.told:
            return
        if len(self.told) == MOST_PAIRS:
            self.told.clear()
        self.told.add((old.version, new.version))
        breaking = any(change.breaking for change in self.last.changes)
        tell = log.warning if breaking else log.info
        tell("a model changed", model=self.model, breaking=breaking, **msgspec.to_builtins(self.last))
