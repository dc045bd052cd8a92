"""How long the phases of a request took, as the header Server-Timing tells it."""

import re
import time
from functools import lru_cache

SERVER_TIMING = "server-timing"

COMPUTE = "compute"
"""The phase in which a model answers; a caller of a model reads it by this name."""

COMPUTE_MS = re.compile(rf"(?:^|,)\s*{COMPUTE};dur=(\d{{1,9}}(?:\.\d{{1,9}})?)")


class Stopwatch:
    """Measure the phases of one request, one after the other, in milliseconds."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self.started = self.since = time.perf_counter()
        self.phase: str | None = None

    def enter(self, phase: str | None) -> None:
        """End the phase that is under way, and begin another; without one the time is nobody's."""
        now = time.perf_counter()
        if self.phase is not None:
            self.ms[self.phase] = int((now - self.since) * 1e6 + 0.5) / 1000  # `round` takes twice as long
        self.phase, self.since = phase, now

    def book(self, phase: str, ms: float) -> None:
        """Note how long a phase took, to the microsecond."""
        self.ms[phase] = int(ms * 1000 + 0.5) / 1000

    def stop(self) -> None:
        """End the last phase and take the whole time, until now."""
        self.enter(None)
        self.ms["total"] = int((self.since - self.started) * 1e6 + 0.5) / 1000

    def header(self) -> bytes:
        """Stop, and write the value of the header; its metrics' names are tokens (W3C Server Timing, section 3)."""
        self.stop()
        return form(tuple(self.ms)) % tuple(self.ms.values())


@lru_cache(maxsize=256)
def form(phases: tuple[str, ...]) -> bytes:
    """Give the header's value with a place for each number: filled in at once it takes a third of the time."""
    return ", ".join([f"{phase};dur=%.3f" for phase in phases]).encode()


def compute_ms(header: str | None) -> float | None:
    """Read how long a model says that it took, None where it says nothing."""
    found = COMPUTE_MS.search(header or "")
    return float(found[1]) if found else None
