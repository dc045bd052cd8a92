"""Markdown tables of what was measured and of what follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.sizing import Needs, mebi, resources, size_limit

REST_MILLICORES = 20


@dataclass(frozen=True)
class Load:
    """Hold one round of load: how many answers in how many seconds, and what each workload used meanwhile."""

    title: str
    answered: int
    seconds: float
    core_s: Mapping[str, float]
    peak: Mapping[str, int]


def document(needs: Mapping[str, Needs], loads: Iterable[Load], written: int) -> str:
    """Write the three tables; whatever is not the gateway is a model, and all models have one base."""
    base = {
        "gateway": [one for name, one in needs.items() if name == "gateway"],
        "model": [one for name, one in needs.items() if name != "gateway"],
    }
    asked = {name: resources(those) for name, those in base.items()}
    folder = {"gateway": "none", "model": size_limit(written // len(base["model"]))}
    header = ("base", "cpu request", "memory request", "memory limit", "`emptyDir`")
    rows = [
        (f"`{name}`", one.cpu_request, one.memory_request, one.memory_limit, folder[name])
        for name, one in asked.items()
    ]
    return "\n".join([*needs_table(needs), "", *loads_table(loads, list(needs)), "", *table(header, rows)]) + "\n"


def needs_table(needs: Mapping[str, Needs]) -> list[str]:
    """Write what each workload needs."""
    header = (
        "workload",
        "ready after",
        "core-s until ready",
        "MiB when ready",
        "cpu at rest",
        "MiB peak, ordinary load",
        "MiB after a rest",
        "MiB highest peak",
    )
    rows = [
        (
            name,
            f"{one.start_s:.1f} s",
            f"{one.start_core_s:.1f}",
            str(mebi(one.start)),
            f"{one.rest_millicores:.0f}m",
            str(mebi(one.ordinary)),
            str(mebi(one.rested)),
            str(mebi(one.highest)),
        )
        for name, one in needs.items()
    ]
    return table(header, rows)


def loads_table(loads: Iterable[Load], names: list[str]) -> list[str]:
    """Write what each round of load took."""
    header = ("load", "answers/s", *(f"{name}: cpu, core-s per 1,000, peak so far" for name in names))
    rows = [
        (
            load.title,
            f"{rate:.0f}" if (rate := load.answered / load.seconds) >= 10 else f"{rate:.1f}",
            *(used(load.core_s[name], load.peak[name], load) for name in names),
        )
        for load in loads
    ]
    return table(header, rows)


def used(core_s: float, peak: int, load: Load) -> str:
    """Write what one workload used in one round, of processor time only what is more than at rest."""
    millicores = core_s / load.seconds * 1000
    if millicores < REST_MILLICORES or not load.answered:
        return f"at rest, {mebi(peak)} MiB"
    return f"{millicores:.0f}m, {core_s / load.answered * 1000:.2f}, {mebi(peak)} MiB"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Write a table, a line a row."""
    return [f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *rows)]
