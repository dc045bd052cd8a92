"""The writer of the log: requests wait in a bounded queue until a thread has made rows of them, and rows of files."""

import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import structlog

from gateway.batching import Leaf, Prediction
from gateway.predictions.appending import Appending
from gateway.predictions.files import Folder
from gateway.predictions.kept import Kept
from gateway.predictions.losses import CONTRACT, QUEUE, Losses
from gateway.settings import PredictionLogSettings
from gateway.worker import Worker

if TYPE_CHECKING:  # Arrow takes 11 MB, which a gateway without a log has no need of
    from gateway.predictions.growing import Growing

MOST_ROWS = 10_000
"""So many rows wait for the thread at most, but for one request alone: a second's work of it, some 30 MB."""

MOST_VALUES = 4_000_000
"""Rows that are no file yet have so many values at most, some 32 MB, be they few wide ones or many narrow ones."""

EVERY_S = 0.1
PRUNE_S = 60.0
LAST_S = 5.0
"""How long the end of the process waits for the last files."""

log = structlog.get_logger()


class PredictionLog(Worker):
    """Keep requests with their answers for as long as it is entered; whatever the disk does holds no request up.

    What cannot be kept is lost and counted: `on_loss` is told of rows, each with one model's answer, and why, which is
    one of `losses.REASONS`; `on_written` of those that are in a file. `feedback` has its own way to the same folder.
    """

    def __init__(
        self,
        settings: PredictionLogSettings,
        root: Path,
        on_written: Callable[[int], None],
        on_loss: Callable[[str, int], None],
    ) -> None:
        from gateway.predictions.growing import Growing

        super().__init__("prediction log", EVERY_S, LAST_S)
        self.settings = settings
        self.make = Growing
        self.folder = Folder(root)
        self.feedback = Appending(self.folder)
        self.on_written, self.losses = on_written, Losses(on_loss)
        self.queue: deque[Kept] = deque()
        # Each is written by one thread only, so that none is counted wrongly: their difference waits.
        self.added = self.taken = 0
        self.growing: dict[int, Growing] = {}
        self.pruned = float("-inf")

    def add(self, request_id: str, route: str, leaves: Sequence[Leaf]) -> bool:
        """Keep a request, or one of a sample; say whether all of it is kept.

        It costs half a microsecond, and all else is done by the thread.
        """
        sample, waiting = self.settings.sample, self.added - self.taken
        if sample < 1 and random.random() >= sample:  # noqa: S311 (no secret)
            return False
        now, whole = time.time_ns(), True
        kept = list[Kept]()
        for leaf in leaves:
            rows = leaf.table.rows
            if waiting and waiting + rows > MOST_ROWS:
                self.losses.on_loss(QUEUE, rows * len(leaf.predictions))
                whole = False
                continue
            self.added += rows
            kept.append(Kept(now, request_id, route, *leaf))
        self.queue.extend(kept)  # at once: what a version answered to a request stands in one file
        return whole

    def __enter__(self) -> Self:
        self.feedback.start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self.thread.is_alive():
            waiting = self.added - self.taken + sum(one.rows for one in list(self.growing.values()))
            log.warning("the prediction log ends before all is written", waiting=waiting)

    def work(self) -> None:
        """Make rows of what waits, and files of rows where it is time; nobody else would hear of a failure."""
        try:
            self.take()
            self.complete_some()
            if time.monotonic() - self.pruned >= PRUNE_S:
                self.pruned = time.monotonic()
                self.prune()
        except BaseException:  # the thread's outermost handler: arro3 panics by what is no Exception
            log.exception("the prediction log failed")

    def complete_some(self) -> None:
        """Complete what is old enough, and the largest of what is too much; at the end all."""
        values = sum(growing.values for growing in self.growing.values())
        for key, growing in sorted(self.growing.items(), key=lambda one: -one[1].values):
            old = time.monotonic() - growing.since >= self.settings.rotate_s
            if self.ended or old or values >= MOST_VALUES:
                values -= growing.values
                self.complete(self.growing.pop(key))

    def take(self) -> None:
        """Make batches of all that waits; requests of one version, and with the same features, share one."""
        groups = defaultdict[tuple[int, int], list[tuple[Kept, Prediction]]](list)
        for _ in range(len(self.queue)):
            kept = self.queue.popleft()
            self.taken += kept.table.rows
            for prediction in kept.predictions:
                groups[id(prediction.joint.contract), id(kept.table.features)].append((kept, prediction))
        for group in groups.values():
            self.grow(group)

    def grow(self, group: Sequence[tuple[Kept, Prediction]]) -> None:
        """Add the rows of a group to those of its version."""
        contract, features = group[0][1].joint.contract, group[0][0].table.features
        rows = sum(request.table.rows for request, _ in group)
        with self.losses.counted(rows):
            growing = self.growing.get(id(contract))
            if growing is None:
                growing = self.growing[id(contract)] = self.make(contract, self.settings.leave_out, time.monotonic())
            if growing.layout.fits(features):
                growing.add(group)
            else:  # a new version that reads other features came between reading the records and the answer
                self.losses.on_loss(CONTRACT, rows)

    def complete(self, growing: "Growing") -> None:
        """Write a file, or lose what cannot be written."""
        if not growing.rows:
            return
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        with self.losses.counted(growing.rows):
            self.folder.write(growing.contract.name, stamp, growing.parquet())
            self.on_written(growing.rows)
            self.losses.recover()

    def prune(self) -> None:
        """Delete what is too old or too much."""
        settings = self.settings
        try:
            gone = self.folder.prune(time.time(), settings.max_mb * 2**20, settings.max_age_days * 86_400)
        except OSError as exc:
            log.warning("old predictions cannot be deleted", reason=str(exc))
        else:
            if gone:
                log.info("deleted old predictions", files=len(gone))
