"""What one model has been asked and has answered of late, beside its training."""

import asyncio
from collections import deque
from typing import Any

import numpy as np
import structlog

from contract import Columns, Interface, Table
from contract.features import in_order
from gateway.drift.cells import Cells
from gateway.drift.distance import Distances, Training
from gateway.drift.held import MOST_OF_A_CALL, Call, Copies, some
from gateway.drift.profile import Field, Profile
from gateway.drift.window import Window
from gateway.settings import DriftSettings

FEWEST = 100
"""Fewer rows than that say nothing."""

MOST_HELD = 600
"""So many rows wait to be counted, or those of the call with which they are more. Of these the first are never counted
where the others fill a window: nobody looked at them in time. To count a window of five hundred at once takes a third
less than to count them a hundred at a time, and under load most are not counted at all."""

EVERY = 8
"""Of the calls that come while a window's rows wait already, one in so many is taken: each pushes out rows that nobody
has looked at, and to copy rows is most of the cost."""

LOOK_S = 10.0
"""So long after rows enough to say something came, they are counted and looked at, once for all that came meanwhile.

With caches that requests have emptied, that takes as long as to answer three of them.
"""

ENDS_BELOW = 0.8
"""An alarm ends when all that is compared is so far below what began it."""

log = structlog.get_logger()


class Drift:
    """Compare the rows of one model with the profile of its version; each version begins anew.

    Without a profile, as of a server of another make, there is nothing to tell.
    """

    def __init__(self, model: str, settings: DriftSettings) -> None:
        self.model = model
        self.settings = settings
        self.timer: asyncio.TimerHandle | None = None
        self.take(None)

    def take(self, profile: Profile | None) -> None:
        """Compare with this from now on, and forget what was before."""
        self.close()
        self.contract: Interface | None = None
        self.fields: tuple[Field, ...] = ()
        self.alarms: set[str] = set()
        self.held: deque[Call] = deque()
        self.held_rows = 0
        self.enough = FEWEST
        self.passed = 0
        if profile is None:
            return
        self.contract, self.fields = profile
        cells = Cells(profile.fields)
        self.window = Window(cells, self.settings.window_rows)
        self.training = Training(cells, self.settings.false_alarms)
        self.copies = Copies(cells, in_order(self.contract.features))

    def note(self, table: Table, by: Interface, outputs: Columns) -> None:
        """Take rows that were answered, by a version of this contract; those of another say nothing of this one.

        Every call passes here, so it does no more than to copy, but for every hundredth row or less.
        """
        if by is not self.contract or table.features is not by.features:
            return
        if self.held_rows >= self.window.wanted:
            self.passed += 1
            if self.passed % EVERY:
                return
        if table.rows > MOST_OF_A_CALL:
            table, outputs = some(table, outputs)
        self.held.append((table.rows, self.copies.of(table, outputs)))
        self.held_rows += table.rows
        if self.held_rows >= self.enough:
            self.act()

    def act(self) -> None:
        """See to it that what waits is looked at, and that it is bounded."""
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(LOOK_S, self.look)
        self.enough = MOST_HELD
        self.forget()
        if self.held_rows >= MOST_HELD:
            self.count()

    def forget(self) -> None:
        """Drop the first calls that wait, as far as a window is full without them."""
        while self.held and self.held_rows - self.held[0][0] >= self.window.wanted:
            self.held_rows -= self.held.popleft()[0]

    def count(self) -> None:
        """Count what waits."""
        self.forget()
        self.enough = FEWEST
        if self.held:
            self.window.count(self.copies.columns(self.held))
            self.held.clear()
            self.held_rows = 0

    def look(self) -> Distances | None:
        """Compare, and let alarms begin and end; None where there are too few rows."""
        self.close()
        if self.contract is None:
            return None
        self.count()
        if self.window.rows < FEWEST:
            return None
        found = self.training.distances(self.window.rows, self.window.below)
        now = {
            field.label
            for field, ratio in zip(self.fields, found.ratio.tolist(), strict=True)
            if ratio >= (ENDS_BELOW if field.label in self.alarms else 1)
        }
        if began := now - self.alarms:
            log.warning("data has drifted", **self.told(began), **self.moved(found, began))
        if ended := self.alarms - now:
            log.warning("data has drifted no more", **self.told(ended))
        self.alarms = now
        return found

    def told(self, labels: set[str]) -> dict[str, Any]:
        """Say for a log line what it is about."""
        version = self.contract.version if self.contract else ""
        return {"model": self.model, "version": version, "fields": sorted(labels)}

    def moved(self, found: Distances, labels: set[str]) -> dict[str, float]:
        """Give the largest index and distance of some fields."""
        some = np.array([field.label in labels for field in self.fields])
        ks = found.ks[some][~np.isnan(found.ks[some])]
        return {"psi": round(float(found.psi[some].max()), 3), "ks": round(float(ks.max(initial=0)), 3)}

    def close(self) -> None:
        """Look no more at what was counted."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
