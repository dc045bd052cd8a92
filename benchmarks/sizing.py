"""The rules by which requests and limits follow from what was measured; docs/operations.md says the same.

- Memory request: the highest peak under ordinary load, up to the next 32 Mi: what a pod needs every day is kept for it.
- Memory limit: half as much again as the highest peak of all, up to the next 64 Mi: a pod above it is killed with all
  its requests, so it must hold for what callers may send.
- Processor request: a quarter of a core, or more where a start needs more. A workload answers on one thread, so it can
  use one core. The autoscaler adds pods at 70 % of the request, and they help about a minute later: a load that doubles
  every half minute has then grown fourfold, which is 70 % of that core. And with nothing but its request, on a busy
  node, a pod is ready within 20 s, a third of the shortest startup probe.
- No processor limit: it would slow a pod down beside an idle processor.
- Size limit of the model's `emptyDir`: a hundred starts of a worker, up to the next 16 Mi, since each leaves files.
"""

import math
from dataclasses import dataclass

MEBI = 2**20
QUARTER = 250
READY_WITHIN_S = 20
WORKER_STARTS = 100


@dataclass
class Needs:
    """Hold what one workload needed: memory in bytes, processor time in core-seconds and millicores."""

    start: int
    start_s: float
    start_core_s: float
    rest_millicores: float = 0
    ordinary: int = 0
    rested: int = 0
    highest: int = 0


@dataclass(frozen=True)
class Resources:
    """Hold what a Deployment asks for, in Kubernetes' words."""

    cpu_request: str
    memory_request: str
    memory_limit: str


def resources(needs: list[Needs]) -> Resources:
    """Give what a Deployment asks for that must do for each of these workloads."""
    start = max(one.start_core_s for one in needs) / READY_WITHIN_S
    return Resources(
        f"{max(QUARTER, up_to(start * 1000, 50))}m",
        f"{up_to(max(mebi(one.ordinary) for one in needs), 32)}Mi",
        f"{up_to(max(mebi(one.highest) for one in needs) * 1.5, 64)}Mi",
    )


def size_limit(written: int) -> str:
    """Give the size of an `emptyDir` in which one start of a worker writes so many bytes."""
    return f"{up_to(written * WORKER_STARTS / MEBI, 16)}Mi"


def up_to(value: float, step: int) -> int:
    """Round up to the next multiple of a step."""
    return math.ceil(value / step) * step


def mebi(size: int) -> int:
    """Give a size in bytes as whole mebibytes, so that the rules follow from the figures that are printed."""
    return math.ceil(size / MEBI)
