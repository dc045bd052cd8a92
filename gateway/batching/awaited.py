"""Ending a call that nobody waits for any more, so that the next one has its place."""

import asyncio
from collections.abc import Sequence

from gateway.batching.filling import Piece


class Awaited:
    """Cancel the running task once the callers of all these rows have left.

    One caller is watched at a time, and the next one when that is answered or gone: a call pays for one callback,
    however many its callers are. It is no closure, which would hold itself, and with the rows each body and failure,
    until the next full collection.
    """

    __slots__ = ("rest", "task")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.task = asyncio.current_task()
        self.rest = iter(pieces)
        self.look()

    def look(self, _: object = None) -> None:
        """Watch the next caller who waits; without one, end the call."""
        for piece in self.rest:
            if piece.waits:
                piece.caller.reply.future.add_done_callback(self.look)
                return
        if self.task is not None:
            self.task.cancel()
