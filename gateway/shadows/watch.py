"""One shadow, as long as the process lives: what is under way, what was counted, and the last comparisons."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Coroutine, Iterator
from contextvars import Context
from typing import Any

import msgspec

from gateway.shadows.comparison import FOLDED, Answered, Comparison, Versions
from gateway.shadows.findings import Problem
from gateway.shadows.fit import Fit
from gateway.shadows.report import described, problems, quantiles

MOST_REQUESTS = 64
"""So many requests may be under way to a candidate, and some more of one that is fast are in the next call."""

MOST_ROWS = 20_000
"""So many rows of them may be held, of thirty features some 5 MB."""

HANGS_S = 1.0
"""Who does not answer for so long, and for ten times as long as 95 in 100 callers wait, hangs."""

COMPARISONS = 4
"""So many pairs of versions are remembered, and of the others nothing but the metrics."""


class Watch:
    """Keep what is known of one shadow; `refused` is why its candidate is not asked, if it is not."""

    def __init__(self) -> None:
        self.under_way: dict[asyncio.Task[None], tuple[int, float]] = {}
        self.held = 0
        self.refused: str | None = None
        self.failures: Counter[str] = Counter()
        self.rows = self.disagreements = self.dropped = 0
        self.comparisons: OrderedDict[Versions, Comparison] = OrderedDict()

    @property
    def current(self) -> Comparison | None:
        """Give the comparison that was added to last."""
        return next(reversed(self.comparisons.values()), None)

    def has_room(self, rows: int) -> bool:
        """Say whether one more request may be under way."""
        return len(self.under_way) < MOST_REQUESTS and self.held + rows <= MOST_ROWS

    def begin(self, rows: int, work: Coroutine[Any, Any, None]) -> None:
        """Begin to ask the candidate, in a task without the deadline and the trace of the caller."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work, context=Context())
        self.under_way[task] = rows, loop.time()
        self.held += rows
        task.add_done_callback(self.end)

    def end(self, task: asyncio.Task[None]) -> None:
        """Forget what was under way."""
        self.held -= self.under_way.pop(task)[0]

    def drop(self) -> None:
        """Count a request for which there is no room."""
        self.dropped += 1
        if (current := self.current) is not None:
            current.dropped += 1

    def refuse(self, reason: str, text: str) -> None:
        """Count a request that the candidate is not asked, and say why."""
        self.refused = text
        self.failures[reason] += 1

    def comparison(self, versions: Versions, fitting: Fit) -> Comparison:
        """Give that of two versions, a new one unless it is among the last."""
        self.refused = None
        if (found := self.comparisons.get(versions)) is None:
            found = self.comparisons[versions] = Comparison(versions, fitting.outputs, fitting.differences)
            if len(self.comparisons) > COMPARISONS:
                self.fold(self.comparisons.popitem(last=False)[1])
        self.comparisons.move_to_end(versions)
        return found

    def add(self, comparison: Comparison, one: Answered, was_ms: float, now_ms: float) -> None:
        """Take what both answered."""
        self.rows += one.rows
        comparison.add(one, was_ms, now_ms)
        if comparison.waiting_rows >= FOLDED:
            self.fold(comparison)

    def fail(self, comparison: Comparison, reason: str, text: str) -> None:
        """Count what the candidate did not answer."""
        self.failures[reason] += 1
        comparison.fail(reason, text)

    def fold(self, comparison: Comparison) -> None:
        """Compare what waits."""
        self.disagreements += comparison.fold()

    def look(self) -> None:
        """Compare all that waits."""
        for comparison in self.comparisons.values():
            self.fold(comparison)

    @property
    def oldest_s(self) -> float:
        """Give how long the first of the requests under way has been so."""
        began = next(iter(self.under_way.values()), None)
        return 0.0 if began is None else asyncio.get_running_loop().time() - began[1]

    @property
    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the candidate now, of the comparison that was added to last."""
        if self.refused is not None:
            yield Problem("refused", self.refused, float(sum(self.failures.values())))
        current, usual_s = self.current, 0.0
        if current is not None:
            yield from problems(current)
            usual_s = quantiles(current.ms[0])["p95"] / 1000
        if self.oldest_s > max(HANGS_S, 10 * usual_s):
            text = f"a request has been under way for {self.oldest_s:.1f} s, of {len(self.under_way)}"
            yield Problem("hangs", text, round(self.oldest_s, 3))

    def document(self) -> dict[str, Any]:
        """Report what is known, the newest comparison first; compares what waits."""
        self.look()
        return {
            "problems": msgspec.to_builtins(list(self.problems)),
            "refused": self.refused,
            "under_way": {"requests": len(self.under_way), "rows": self.held, "oldest_s": round(self.oldest_s, 3)},
            "dropped": self.dropped,
            "failures": dict(self.failures),
            "comparisons": [described(one) for one in reversed(self.comparisons.values())],
        }
