"""What waits for a model, and how much of it the next call takes."""

import asyncio
from collections import deque
from typing import NamedTuple

from contract import Table, part
from gateway.batching.caller import Caller


class Piece(NamedTuple):
    """Hold rows of one caller, from `start` up to `stop`: of all but large requests these are all."""

    caller: Caller
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """Count the rows."""
        return self.stop - self.start

    @property
    def waits(self) -> bool:
        """Say that somebody waits for these rows."""
        return not self.caller.gone and self.start not in self.caller.parts

    @property
    def table(self) -> Table:
        """Give the rows."""
        table = self.caller.table
        return table if self.rows == table.rows else part(table, self.start, self.stop)


class Queue:
    """Keep callers in the order in which they came.

    Only a request of more rows than one call may have is cut. It takes a quarter of a call at a time and goes behind
    those who wait; beside others that are not cut it takes no more, so that they wait for few of its rows.
    """

    def __init__(self, most_rows: int) -> None:
        self.most_rows = most_rows
        self.quantum = max(1, most_rows // 4)
        self.callers: deque[Caller] = deque()

    def append(self, caller: Caller) -> None:
        """Put a caller behind the others."""
        self.callers.append(caller)

    @property
    def rows(self) -> int:
        """Count the rows that wait."""
        return sum(caller.left for caller in self.callers if not caller.gone)

    def take(self) -> list[Piece]:
        """Take what the next call asks for: at most `most_rows` rows of the same features.

        None are of who has gone, or whose deadline has passed in this turn of the event loop: its timer may come later.
        """
        pieces: list[Piece] = []
        now = asyncio.get_running_loop().time()
        callers, room, beside_small = self.callers, self.most_rows, False
        while callers and room:
            caller = callers.popleft()
            if caller.gone or caller.deadline <= now:
                continue
            table, start = caller.table, caller.taken
            rows = table.rows - start
            if pieces and table.features is not pieces[0].caller.table.features:
                callers.appendleft(caller)  # read by another version of the contract
                break
            if table.rows > self.most_rows:
                if beside_small and any(piece.caller is caller for piece in pieces):
                    callers.appendleft(caller)  # all others had their turn
                    break
                rows = min(rows, self.quantum, room)
            elif rows > room:
                callers.appendleft(caller)
                break
            else:
                beside_small = True
            room -= rows
            caller.taken += rows
            if caller.taken < table.rows:
                callers.append(caller)
            if pieces and pieces[-1].caller is caller:
                start = pieces.pop().start
            pieces.append(Piece(caller, start, caller.taken))
        return pieces
