"""What one model has been asked and has answered of late, beside its training."""

import asyncio
from typing import Any

import numpy as np
import structlog

from contract import Columns, Interface, Table
from gateway.drift.cells import Cells
from gateway.drift.distance import Distances, Training
from gateway.drift.held import MOST_OF_A_CALL, Rows, columns_of, copied, some
from gateway.drift.profile import Field, Profile
from gateway.drift.window import Window
from gateway.settings_drift import DriftSettings

FEWEST = 100
"""Fewer rows than that say nothing."""

COUNTED = 100
"""So many rows are counted at once, at 0.6 microseconds each; half as many would take 1.0."""

LOOK_S = 1.0
"""A second after rows were counted they are looked at, once for all that came meanwhile: a look takes as long as to
count a hundred rows."""

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
        self.held: list[Rows] = []
        self.outputs: list[Columns] = []
        self.held_rows = 0
        if profile is None:
            return
        self.contract, self.fields = profile
        cells = Cells(profile.fields)
        self.window = Window(cells, self.settings.window_rows)
        self.training = Training(cells, self.settings.false_alarms)
        self.count_at = min(COUNTED, self.window.part_rows)

    def note(self, table: Table, by: Interface, outputs: Columns) -> None:
        """Take rows that were answered, by a version of this contract; those of another say nothing of this one.

        Every call passes here, so it is flat, and holds arrays as they are. Of a single caller they may be views of its
        whole body, which is not to be kept; all of some bytes are those of a record that was read from JSON.
        """
        if by is not self.contract or table.features is not by.features:
            return
        matrix, rows = table.matrix, table.rows
        if matrix is None or rows > MOST_OF_A_CALL:
            self.held.append(copied(table))
            outputs = some(table, outputs)
        else:
            base: object = matrix.base
            is_whole = base is None or (base.__class__ is bytes and len(base) == matrix.nbytes)
            self.held.append(matrix if is_whole else matrix.copy())
        self.outputs.append(outputs)
        self.held_rows = rows = self.held_rows + rows
        if rows >= self.count_at:
            self.count()
            if self.timer is None:
                self.timer = asyncio.get_running_loop().call_later(LOOK_S, self.look)

    def count(self) -> None:
        """Count what is held."""
        held, outputs = self.held, self.outputs
        self.held, self.outputs, self.held_rows = [], [], 0
        if held:
            self.window.count(columns_of(self.window.cells, held, outputs))

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
