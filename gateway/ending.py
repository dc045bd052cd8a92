"""The end of the gateway, in steps: asked for, closed, cut off."""

import asyncio
import math
import signal

import structlog

log = structlog.get_logger()


class Ending:
    """Say how far the end has come; each step stays, and those after it come by time or with a second signal.

    `draining`: not ready any more, serves on, and each answer is the last of its connection. `closing`: takes nothing
    new. `cut`: waits for nobody any more. Nobody is called at a step: who must know looks, as at readiness.
    """

    def __init__(self, drain_s: float = 0.0, grace_s: float = math.inf) -> None:
        self.drain_s = drain_s
        self.grace_s = grace_s
        self.draining = self.closing = self.cut = False

    def heed(self) -> None:
        """Begin with SIGTERM, or with SIGINT, which is somebody at a terminal who waits: it leaves the drain out."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.begin, self.drain_s)
        loop.add_signal_handler(signal.SIGINT, self.begin, 0.0)

    def begin(self, drain_s: float) -> None:
        """Take the first step, and the next after so many seconds; asked for once more, take all."""
        if self.draining:
            log.warning("ending at once")
            self.closing = self.cut = True
            return
        log.info("ending", drain_s=drain_s, grace_s=self.grace_s)
        self.draining = True
        asyncio.get_running_loop().call_later(drain_s, self.close)

    def close(self) -> None:
        """Take the second step, and the last when the grace is over."""
        self.closing = True
        asyncio.get_running_loop().call_later(self.grace_s, self.cut_off)

    def cut_off(self) -> None:
        """Take the last step."""
        self.cut = True
