"""Who waits for a model at one address."""

from collections import deque

from gateway.batching.caller import Caller
from gateway.batching.filling import Filling


class Line:
    """Keep the callers of one address in the order in which they came.

    `rows` are those that wait, also for callers who have gone; `credit` are the rows that are left of its turns,
    no more than a call has, and none for who does not wait.
    """

    __slots__ = ("callers", "credit", "rows")

    def __init__(self) -> None:
        self.callers: deque[Caller] = deque()
        self.rows = 0
        self.credit = 0

    def serve(self, call: Filling, turn: int) -> bool:
        """Add callers to a call until a turn of so many rows is over; says that who is next waits for another call.

        A request that is cut goes behind the others.
        """
        callers, credit, stays = self.callers, self.credit + turn, False
        before = credit
        while callers and call.room:
            caller = callers.popleft()
            if caller.ended or caller.reply.future.done() or caller.deadline <= call.now:
                self.rows -= caller.left
                continue
            rows = call.takes(caller)
            if not rows or rows > credit:
                callers.appendleft(caller)
                stays = not rows
                break
            call.add(caller, rows)
            credit -= rows
            if caller.taken < caller.table.rows:
                callers.append(caller)
        self.rows -= before - credit
        # A line alone has every room of each call as its turn: what it saved so would be taken from those who come.
        self.credit = min(credit, call.most_rows) if callers else 0
        return stays

    def sweep(self, now: float) -> None:
        """Drop who has gone, and whose deadline has passed at this time of the event loop's."""
        self.callers = deque([caller for caller in self.callers if not caller.gone and caller.deadline > now])
        self.rows = sum(caller.left for caller in self.callers)
