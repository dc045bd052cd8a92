"""A closed loop of load by wrk, whose callers each send a request when the one before is answered."""

import asyncio
import math
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.processes import Failed

SCRIPT = Path(__file__).with_name("wrk.lua")
TIMEOUT_S = 30
"""Longer than any peer takes, so that slowness is counted as slowness."""


@dataclass(frozen=True)
class Sample:
    """Hold what one load found; `errors` are answers other than 200 and requests that got none.

    Of no answer at all the percentiles are NaN. `core_s` is what processor time it took of who answered.
    """

    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    core_s: float = 0

    @property
    def rate(self) -> float:
        """Give the right answers in a second."""
        return max(0, self.answered - self.errors) / self.seconds

    @property
    def microseconds(self) -> float:
        """Give the processor time of one request."""
        return self.core_s / max(1, self.answered) * 1e6


Loader = Callable[[str, Path, int, float], Awaitable[Sample]]
"""From URL, file of the body, connections and seconds."""


class Printed(msgspec.Struct):
    """Mirror the line that wrk.lua prints; latencies are in microseconds."""

    requests: int
    microseconds: int
    p50: float
    p99: float
    status: int
    connect: int
    read: int
    write: int
    timeout: int


def parsed(printed: bytes) -> Sample:
    """Read what wrk printed; raises Failed where the line is missing."""
    try:
        one = msgspec.json.decode(printed.splitlines()[-1], type=Printed)
    except (IndexError, msgspec.DecodeError) as exc:
        raise Failed(f"wrk printed {printed[-300:]!r}") from exc
    p50_ms, p99_ms = (one.p50 / 1e3, one.p99 / 1e3) if one.requests else (math.nan, math.nan)
    errors = one.status + one.connect + one.read + one.write + one.timeout
    return Sample(one.requests, one.microseconds / 1e6, p50_ms, p99_ms, errors)


async def wrk(url: str, body: Path, connections: int, seconds: float) -> Sample:
    """Load with wrk on one thread, for whole seconds; raises Failed."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={TIMEOUT_S}s"]
    process = await asyncio.create_subprocess_exec(
        *command, "-s", str(SCRIPT), url, stdout=asyncio.subprocess.PIPE, env={**os.environ, "BENCH_BODY": str(body)}
    )
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return parsed(printed)
