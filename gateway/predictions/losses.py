"""What the log does not keep, and why: it is counted, and the first of a row of failures is told."""

import contextlib
from collections.abc import Callable, Iterator

import structlog

QUEUE, DISK, CONTRACT, FAULT = REASONS = "queue", "disk", "contract", "fault"
"""Too many rows at once; the disk; a model that had just changed what it reads; a fault of the log's own."""

log = structlog.get_logger()


class Losses:
    """Tell `on_loss` of rows, each with one model's answer, and of the reason that they are lost for."""

    def __init__(self, on_loss: Callable[[str, int], None]) -> None:
        self.on_loss = on_loss
        self.failing = False

    @contextlib.contextmanager
    def counted(self, rows: int) -> Iterator[None]:
        """Have rows count as lost where this fails, by whatever; what fails again before `recover` is not logged."""
        try:
            yield
        except OSError as exc:
            self.on_loss(DISK, rows)
            if not self.failing:
                log.warning("predictions cannot be kept", lost=rows, reason=str(exc))
            self.failing = True
        except BaseException:  # arro3 panics by what is no Exception, and the thread has more to write
            self.on_loss(FAULT, rows)
            if not self.failing:
                log.warning("predictions cannot be kept", lost=rows, exc_info=True)
            self.failing = True

    def recover(self) -> None:
        """Note that a file was written."""
        self.failing = False
