"""One call that is being put together out of the rows of callers."""

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


class Filling:
    """Gather pieces of the same features; `room` is how many rows more there may be, `now` the loop's time.

    Only a request of more rows than one call may have is cut. It takes a quarter of a call at a time; beside others
    that are not cut it takes no more, so that they wait for few of its rows.
    """

    __slots__ = ("beside_small", "most_rows", "now", "pieces", "quarter", "room")

    def __init__(self, most_rows: int, quarter: int, now: float) -> None:
        self.most_rows = self.room = most_rows
        self.quarter = quarter
        self.now = now
        self.pieces: list[Piece] = []
        self.beside_small = False

    def takes(self, caller: Caller) -> int:
        """Say how many rows of a caller can be added, 0 if none."""
        table, pieces = caller.table, self.pieces
        if pieces and table.features is not pieces[0].caller.table.features:
            return 0  # read by another version of the contract
        rows, room = table.rows, self.room
        if rows <= self.most_rows:
            return rows if rows <= room else 0
        if self.beside_small and any(piece.caller is caller for piece in pieces):
            return 0  # all others are to have their turn
        return min(rows - caller.taken, self.quarter, room)

    def add(self, caller: Caller, rows: int) -> None:
        """Add the next rows of a caller."""
        start = caller.taken
        caller.taken = stop = start + rows
        self.room -= rows
        if caller.table.rows <= self.most_rows:
            self.beside_small = True
        elif self.pieces and self.pieces[-1].caller is caller:
            start = self.pieces.pop().start
        self.pieces.append(Piece(caller, start, stop))
