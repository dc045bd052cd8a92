"""A timer that is exact to some microseconds: event loops wait for whole milliseconds only."""

import asyncio
import ctypes
import os
import struct
import time
from collections.abc import Callable

ABSOLUTE = 1


class Timer:
    """Call a function at moments of `time.monotonic`, one moment at a time (timerfd_create, section 2: Linux)."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self.wake = wake
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.descriptor, self.fire)

    def at(self, moment: float) -> None:
        """Wait for a moment; one that is past comes at once."""
        seconds = int(moment)
        # An interval of zero: once. A moment of zero would stop the timer.
        self.libc.timerfd_settime(
            self.descriptor, ABSOLUTE, struct.pack("4q", 0, 0, seconds, int((moment - seconds) * 1e9) or 1), None
        )

    def fire(self) -> None:
        """Wake."""
        os.read(self.descriptor, 8)
        self.wake()

    def close(self) -> None:
        """Never wake again."""
        self.loop.remove_reader(self.descriptor)
        os.close(self.descriptor)
