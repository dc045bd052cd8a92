"""A call that is being made, and the callers that it is made for."""

import asyncio
from collections.abc import Sequence

from gateway.batching.filling import Piece


class UnderWay:
    """Hold the task that makes a call, and whose rows it asks for: without anybody who waits it ends.

    Who leaves has it looked at, so a call that nobody leaves pays nothing. Who was found to wait no more is not looked
    at again: all of a thousand may leave one after the other.
    """

    __slots__ = ("at", "pieces", "task")

    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.pieces: Sequence[Piece] = ()
        self.at = 0

    def look(self) -> None:
        """End the call if all of its callers have left, so that the next one has its place."""
        pieces, at = self.pieces, self.at
        if not pieces:
            return
        while at < len(pieces) and not pieces[at].waits:
            at += 1
        self.at = at
        if at == len(pieces):
            self.pieces = ()
            self.task.cancel()
