"""Refusing new work while the gateway itself has too much: a late event loop, or a full container."""

import asyncio
import itertools
import random
import time

from gateway.errors import Overloaded
from gateway.shedding.cgroup import Memory, give_back, resident, trim

EVERY_S = 0.05
"""How often the event loop is looked at."""

MEMORY_EVERY, TRIM_EVERY = 5, 20
"""So many looks lie between two at the memory, and between two attempts to give some back while there is too much."""

SURPLUS_EVERY, SURPLUS = 100, 20 * 2**20
"""So many looks lie between two attempts while the process has so much more than it had at the beginning.

An answer without an end left 48 MiB of free memory, for as long as it was looked at. To look for some takes 2 to 8 ms
in a process that has 200 MiB, and up to 100 where it has 600: so a thread does it.
"""

WEIGHT, MOST = 0.2, 4
"""What the last look counts, and how many times the limit it counts at most: less than all of it together.

So a single pause, however long, sheds nothing; a loop that stays late does after at most five looks.
"""


class Shedding:
    """Know how late the event loop is, and how much of the memory is used; what is too much closes the door.

    `lag_s` is smoothed. `share` is the part of new work that is refused: all of it where the memory is full, and for a
    late loop none at the limit up to all at twice the limit. Of 1,500 callers who came again at once, 2,800 a second
    were answered without a limit, and 400 where all were refused as soon as the loop was late.
    """

    def __init__(self, max_lag_s: float, max_ratio: float, memory: Memory) -> None:
        self.max_lag_s = max_lag_s
        self.max_ratio = max_ratio
        self.memory = memory
        self.at_first = 0
        self.lag_s = 0.0
        self.ratio = 0.0
        self.share = 0.0
        self.why = ""

    def check(self) -> None:
        """Raise Overloaded where no new work is welcome."""
        if self.share and random.random() < self.share:  # noqa: S311 (no secret)
            raise Overloaded(self.why)

    async def watch(self) -> None:
        """Look again and again, for ever."""
        for number in itertools.count():
            due = time.monotonic() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self.note_lag(time.monotonic() - due)
            if number % MEMORY_EVERY == 0:
                self.note_memory(self.memory.ratio, trim=number % TRIM_EVERY == 0)
            if number % SURPLUS_EVERY == TRIM_EVERY:
                await self.note_resident()
            self.decide()

    def note_lag(self, late_s: float) -> None:
        """Take how late one look was."""
        self.lag_s += (min(late_s, MOST * self.max_lag_s) - self.lag_s) * WEIGHT

    def note_memory(self, ratio: float, *, trim: bool) -> None:
        """Take how much memory is used, and give some back if it is too much."""
        self.ratio = ratio
        if trim and ratio > self.max_ratio:
            give_back()

    async def note_resident(self) -> None:
        """Look how much memory the process has, and give back what is free of it where that may be much."""
        size = resident()
        self.at_first = self.at_first or size
        if size > self.at_first + SURPLUS:
            await asyncio.to_thread(trim)

    def decide(self) -> None:
        """Open or close the door, or leave it ajar."""
        if self.ratio > self.max_ratio:
            self.share, self.why = 1.0, "the gateway has too little memory for more"
        else:
            self.share, self.why = max(0.0, self.lag_s / self.max_lag_s - 1), "the gateway has more to do than it can"
