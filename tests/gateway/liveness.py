"""How long an event loop is held up: a second connection asks for a sign of life all the time."""

import http.client
import threading
import time
from types import TracebackType
from typing import Self

import psutil

PATH = "/v2/health/live"


class Liveness:
    """Ask a server for a sign of life, again and again, while a block runs.

    Other processes may keep the server waiting too, so it is also seen how long it worked: what it did not work on, it
    was not held up by.
    """

    def __init__(self, host: str, port: int, servers: list[psutil.Process]) -> None:
        self.servers = servers
        self.connection = http.client.HTTPConnection(host, port, timeout=30)
        self.silent_s = self.worked_s = 0.0
        self.asked = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    @property
    def held_up_s(self) -> float:
        """Give how long the event loop was held up at most."""
        return min(self.silent_s, self.worked_s)

    def ask(self) -> None:
        """Ask until told to stop, and once at least."""
        while not (self.over.is_set() and self.asked):
            began = time.perf_counter()
            self.connection.request("GET", PATH)
            self.connection.getresponse().read()
            self.silent_s = max(self.silent_s, time.perf_counter() - began)
            self.asked += 1

    def processor_s(self) -> float:
        """Give the processor time of the servers so far."""
        return sum(times.user + times.system for times in (process.cpu_times() for process in self.servers))

    def __enter__(self) -> Self:
        self.connection.connect()
        self.worked_s = -self.processor_s()
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.thread.join()
        self.worked_s += self.processor_s()
        self.connection.close()
