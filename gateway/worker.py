"""Work that may wait for a disk, a reader or another server, in a thread of its own."""

import threading
from abc import ABC, abstractmethod
from typing import Self


class Worker(ABC):
    """Work every so many seconds, and sooner when it is `due`, for as long as this is entered; once more at the end.

    The end of the process waits for that so many seconds at most.
    """

    def __init__(self, name: str, every_s: float, last_s: float = 2.0) -> None:
        self.every_s = every_s
        self.last_s = last_s
        self.due = threading.Event()
        self.ended = False
        # As a daemon it cannot keep a process alive whose output nobody reads, or whose disk or collector hangs.
        self.thread = threading.Thread(target=self.work_until_ended, name=name, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.due.set()
        self.thread.join(self.last_s)

    def work_until_ended(self) -> None:
        """Work again and again, and once more at the end."""
        while not self.ended:
            self.due.wait(self.every_s)
            self.due.clear()
            self.work()
        self.work()

    @abstractmethod
    def work(self) -> None:
        """Do all that waits."""
