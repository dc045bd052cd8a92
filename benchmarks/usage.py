"""What a workload uses: memory as a pod would be charged for it, and processor time."""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.processes import Failed

EVERY_S = 0.1


@dataclass(frozen=True)
class Usage:
    """Hold what a process and all below it use, memory in bytes and processor time in core-seconds.

    `pod` is closest to what Kubernetes counts: anonymous and shared pages, each once, and the pages of files. The sum
    of RSS counts twice what parent and worker share; the sum of PSS takes from a workload what it shares with the
    other ones of this machine, which have images of their own in a cluster. So anonymous and shared pages are taken by
    PSS, and of mapped files those of the process that has most of them.
    """

    pod: int
    pss: int
    rss: int
    peak: int
    cpu_s: float


def usage(pid: int) -> Usage:
    """Measure a workload; raises Failed where it has ended.

    `peak` adds to `pod` by how much each living process was once larger, as Linux remembers.
    """
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess as exc:
        raise Failed("the process has ended") from exc
    kept, mapped, pss, rss, above, cpu_s = 0, 0, 0, 0, 0, 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            own = kilobytes(Path(f"/proc/{process.pid}/smaps_rollup"))
            status = kilobytes(Path(f"/proc/{process.pid}/status"))
            kept += own["Pss_Anon"] + own["Pss_Shmem"]
            mapped = max(mapped, status["RssFile"])
            pss += own["Pss"]
            rss += status["VmRSS"]
            above += status["VmHWM"] - status["VmRSS"]
            cpu_s += sum(process.cpu_times()[:4])  # user and system, its own and those of children that have ended
    return Usage(kept + mapped, pss, rss, kept + mapped + above, cpu_s)


def kilobytes(path: Path) -> dict[str, int]:
    """Read the lines `Name: number kB` of a file below /proc, as bytes."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", path.read_text(), re.MULTILINE)
    if not found:  # a process that has ended and was not waited for
        raise FileNotFoundError(path)
    return {name: int(number) * 1024 for name, number in found}


class Watch:
    """Look at workloads again and again, and keep the highest peak of each since the start."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.pids = pids
        self.highest = dict.fromkeys(pids, 0)

    async def run(self) -> None:
        """Look until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    def look(self) -> dict[str, Usage]:
        """Measure all workloads."""
        now = {name: usage(pid) for name, pid in self.pids.items()}
        for name, one in now.items():
            self.highest[name] = max(self.highest[name], one.peak)
        return now
