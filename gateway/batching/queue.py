"""What waits for a model: who may wait, and whose turn it is."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from gateway.batching.caller import Caller
from gateway.batching.filling import Filling, Piece
from gateway.batching.line import Line

LOOKED_AT = 100
"""Callers that are looked at for each one who may be refused, to find those who have gone: it costs 6 microseconds."""

WEIGHT = 0.2
"""What the last full call counts in how long one takes."""


class Queue:
    """Keep callers by their addresses, and have the addresses take turns by rows, so that a flood delays itself only.

    This is deficit round robin (Shreedhar and Varghese, 1995): a turn is a quarter of a call, and what is left of it
    adds to the next one. At most `bound` rows wait, or one request. `held` are the rows that wait, also for callers who
    have gone; `took_many` says that the last call was full, or half full at least.
    """

    def __init__(self, most_rows: int, bound: int) -> None:
        self.most_rows = most_rows
        self.bound = bound
        self.turn = max(1, most_rows // 4)
        self.lines: OrderedDict[str, Line] = OrderedDict()
        self.held = 0
        self.looked_at = 0
        self.took_many = False
        self.full_call_s: float | None = None
        # Up to here everybody is in the next call, and nothing is to be decided.
        self.easy = min(most_rows, bound)

    @property
    def rows(self) -> int:
        """Count the rows that wait."""
        return sum(caller.left for line in self.lines.values() for caller in line.callers if not caller.gone)

    def append(self, caller: Caller) -> Sequence[Caller]:
        """Put a caller behind the others of its address; gives those to refuse, the caller or who makes room for it."""
        rows = caller.table.rows
        refused: Sequence[Caller] = ()
        if self.held + rows > self.easy and self.held:
            refused = self.refused_for(caller)
            if caller in refused:
                return refused
        line = self.lines.get(caller.address)
        if line is None:
            line = self.new_line(caller.address)
        line.callers.append(caller)
        line.rows += rows
        self.held += rows
        return refused

    def take(self) -> list[Piece]:
        """Take what the next call asks for: at most `most_rows` rows of the same features.

        None are of who has gone, or whose deadline has passed in this turn of the event loop: its timer may come later.
        """
        call, lines = Filling(self.most_rows, self.turn, asyncio.get_running_loop().time()), self.lines
        if len(lines) == 1:
            (line,) = lines.values()
            line.serve(call, call.room)
            self.held = line.rows
        else:
            self.take_turns(call)
        self.took_many = call.room * 2 <= self.most_rows
        return call.pieces

    def new_line(self, address: str) -> Line:
        """Begin a line for an address; the last one stays when it is empty, for the next caller of that address."""
        if not self.held:
            self.lines.clear()
        line = self.lines[address] = Line()
        return line

    def take_turns(self, call: Filling) -> None:
        """Fill a call from several lines."""
        lines, apart = self.lines, []
        while lines and call.room:
            address, line = next(iter(lines.items()))
            before = line.rows
            stays = line.serve(call, self.turn if len(lines) > 1 else call.room)
            self.held -= before - line.rows
            if stays:
                apart.append((address, lines.pop(address)))
            elif line.callers:
                lines.move_to_end(address)
            else:
                del lines[address]
        for address, line in reversed(apart):  # they are the first of the next call, or would never find room
            lines[address] = line
            lines.move_to_end(address, last=False)

    def note_full_call(self, call_s: float) -> None:
        """Learn how long a full call takes, or how often one ends where several are under way."""
        known = self.full_call_s
        self.full_call_s = call_s if known is None else known + (call_s - known) * WEIGHT

    def refused_for(self, caller: Caller) -> list[Caller]:
        """Say who is to be refused where a caller may be too much; those who have gone make room first."""
        rows = caller.table.rows
        if self.held + rows <= self.bound and not self.is_late(caller):
            return []
        self.looked_at += LOOKED_AT
        if self.looked_at >= sum([len(line.callers) for line in self.lines.values()]):
            self.sweep()
        if self.is_late(caller):
            return [caller]
        return self.make_room(caller) if self.held and self.held + rows > self.bound else []

    def is_late(self, caller: Caller) -> bool:
        """Say that a caller's deadline will have passed before its call ends, by how long the calls before it take."""
        line = self.lines.get(caller.address)
        ahead = min(self.held, line.rows * len(self.lines)) if line else 0
        if self.full_call_s is None or ahead < self.most_rows:
            return False
        wait_s = (ahead // self.most_rows + 1) * self.full_call_s
        return wait_s > caller.deadline - asyncio.get_running_loop().time()

    def make_room(self, caller: Caller) -> list[Caller]:
        """Say whom a full queue refuses: a caller whose address would have the most rows, else the newest of those."""
        line, rows = self.lines.get(caller.address), caller.table.rows
        if (line.rows if line else 0) + rows > max([line.rows for line in self.lines.values()]):
            return [caller]
        refused = []
        while self.held and self.held + rows > self.bound:
            address, line = max(self.lines.items(), key=lambda one: one[1].rows)
            newest = line.callers.pop()
            line.rows -= newest.left
            self.held -= newest.left
            refused.append(newest)
            if not line.callers:
                del self.lines[address]
        return refused

    def sweep(self) -> None:
        """Drop who has gone, and whose deadline has passed."""
        self.looked_at = 0
        now = asyncio.get_running_loop().time()
        for line in self.lines.values():
            line.sweep(now)
        self.lines = OrderedDict((address, line) for address, line in self.lines.items() if line.callers)
        self.held = sum(line.rows for line in self.lines.values())

    def clear(self) -> None:
        """Drop everybody."""
        self.lines.clear()
        self.held = 0
