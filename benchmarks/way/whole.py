"""The gateway as a process, beside an echo of the same bodies: the processor time that each takes for a request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from benchmarks.closed_loop import connected
from benchmarks.exchange import Request
from benchmarks.processes import Failed
from benchmarks.way.processor import used_s

CONNECTIONS = 64
WARM_S = 0.2
SAMPLE = r"^bentogate_batch_rows_%s{.*} (.*)$"


@dataclass(frozen=True)
class Subject:
    """Say what is loaded: with what, and the number of the process; a gateway has its metrics at this URL."""

    request: Request
    pid: int
    metrics: str = ""


@dataclass
class Found:
    """Hold microseconds of processor time per request, of the gateway and of the echo, and rows per call, by round."""

    gateway: list[float] = field(default_factory=list)
    echo: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Compare within each round."""
        return [one / other for one, other in zip(self.gateway, self.echo, strict=True)]


async def rounds(pairs: Mapping[str, tuple[Subject, Subject]], number: int, seconds: float) -> dict[str, Found]:
    """Load each gateway and its echo in turn; whoever is first in one round is last in the next."""
    found = {title: Found() for title in pairs}
    for at in range(number):
        for title, (gateway, echo) in pairs.items():
            for one in (gateway, echo) if at % 2 else (echo, gateway):
                us, rows = await once(one, seconds)
                if one is gateway:
                    found[title].gateway.append(us)
                    found[title].rows.append(rows)
                else:
                    found[title].echo.append(us)
    return found


async def once(subject: Subject, seconds: float) -> tuple[float, float]:
    """Load one for some seconds; gives microseconds per request, and rows per call to a model. Raises Failed."""
    async with connected(subject.request, CONNECTIONS) as loop:
        await loop.load(WARM_S)
        called = await calls(subject.metrics)
        before = used_s(subject.pid)
        found = await loop.load(seconds)
        used = used_s(subject.pid) - before
        if found.errors:
            raise Failed(f"port {subject.request.port} answered {found.said}")
        rows, count = (now - then for now, then in zip(await calls(subject.metrics), called, strict=True))
    return used / found.answered * 1e6, rows / count if count else 1.0


async def calls(metrics: str) -> tuple[float, float]:
    """Read how many rows a gateway's models were asked for, and in how many calls."""
    if not metrics:
        return 0.0, 0.0
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(metrics)).text
    rows, count = (sum(map(float, re.findall(SAMPLE % word, text, re.MULTILINE))) for word in ("sum", "count"))
    return rows, count
