"""Sources of faults: each draws rows of the table, one after the other, how long they last and how long it rests."""

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tests.faults.callers import together
from tests.faults.door import gone_after
from tests.faults.outcomes import BREAKER_OPEN, NOTHING, is_right
from tests.faults.row import DEADLINE_S, Row
from tests.faults.rows import callers, connections, contents, framing, processes, recovery, times
from tests.faults.stack import Stack

RECOVERED_S = 5.0
"""So long after a fault its model may still fail: a breaker is open, or a record is refused that was lost then."""

ON_THE_WAY = [
    row
    for row in (*contents.ROWS, *framing.ROWS, *connections.ROWS, *times.ROWS, *recovery.ROWS)
    # Those wait until a model is left alone, which may answer wrongly until then; others take longer than a fault here.
    if row.expect != (BREAKER_OPEN,) and row.within_s <= DEADLINE_S
]
TO_EITHER = [row for row in processes.ROWS if row.asks[0] == "mixed"]  # the others are for `plain` alone
AT_THE_DOOR = [
    callers.row("leaves soon (FIN)", gone_after(0.05, reset=False), NOTHING),
    callers.row("leaves soon (RST)", gone_after(0.05, reset=True), NOTHING),
    *(row for row in callers.ROWS if "while a model is asked" not in row.fault),  # those are on the way too
]


@dataclass
class Trouble:
    """Draw rows; a fault lasts until those who ask in its row are answered, and up to `longest_s` more.

    `model` may fail until `sick_until`; `recovered` waits until it could answer again.
    """

    stack: Stack
    rows: Sequence[Row]
    source: random.Random
    longest_s: float
    rest_s: float
    model: str | None = None
    recovered: Callable[[], None] = lambda: None
    made: Counter[str] = field(default_factory=Counter)
    sick_until: float = 0.0

    def go_on(self, over: threading.Event) -> None:
        """Make faults until it is over."""
        while not over.wait(self.source.uniform(0, self.rest_s)):
            row, lasts_s = self.source.choice(self.rows), self.source.uniform(0, self.longest_s)
            self.made[row.fault] += 1
            self.sick_until = math.inf
            with row.arrange(self.stack):
                self.ask(row)
                over.wait(lasts_s)
            self.recovered()
            self.sick_until = time.monotonic() + RECOVERED_S

    def excuses(self, model: str, since: float) -> bool:
        """Say whether a model may have failed somebody who asked at a time."""
        return model == self.model and self.sick_until > since

    def ask(self, row: Row) -> None:
        """Have those ask who meet the fault by themselves: each has one answer at most, and that its own."""
        asked = [replace(self.stack.asks(route), wish_ms=row.wish_ms, terms=row.terms) for route in row.asks]
        port = self.stack.port_of(row.protocol, by_door=row.by_door)
        for one, answers in zip(asked, together([partial(row.protocol, port, one) for one in asked]), strict=True):
            assert len(answers) <= 1, (row.fault, one, answers)
            assert all(is_right(one, its) for its in answers if its.status == 200), (row.fault, one, answers)


def troubles(stack: Stack, seed: int) -> list[Trouble]:
    """Give all sources of faults; the seed says what each draws."""

    def source(name: str) -> random.Random:
        return random.Random(f"{seed} {name}")

    # The rows of signals are for `mixed`; its process stands there for either.
    plain = replace(stack, mixed=stack.plain)
    return [
        Trouble(stack, ON_THE_WAY, source("way"), longest_s=1.5, rest_s=2, model="plain"),
        Trouble(stack, AT_THE_DOOR, source("door"), longest_s=0.5, rest_s=1),
        *(
            Trouble(its, TO_EITHER, source(model), 3, 20, model, its.mixed.until_ready)
            for model, its in (("plain", plain), ("mixed", stack))
        ),
    ]
