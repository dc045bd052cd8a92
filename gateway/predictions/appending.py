"""Feedback on its way to its file, by a thread of its own: a disk that hangs holds up nothing else."""

import asyncio
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread

from gateway.errors import Overloaded
from gateway.predictions.files import Folder

MOST_WAITING = 1000
"""So many lines wait at most."""

PATIENCE_S = 5.0
"""How long a caller waits for the disk."""

Waiting = tuple[Future[None], str, bytes]


class Appending:
    """Append lines one after another, from `start` on.

    The event loop's own threads are no place for that: names are looked up and settings read there, and the process
    ends no sooner than they do. This one is a daemon.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.waiting = SimpleQueue[Waiting]()
        self.thread = Thread(target=self.write, name="feedback", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self.thread.start()

    async def append(self, day: str, line: bytes) -> None:
        """Give a line to the file of a day, and wait until it is there; raises OSError and Overloaded."""
        if self.waiting.qsize() >= MOST_WAITING:
            raise Overloaded("too much feedback waits for the disk")
        written = Future[None]()
        self.waiting.put((written, day, line))
        try:
            # What is not begun then is not written.
            await asyncio.wait_for(asyncio.wrap_future(written), PATIENCE_S)
        except TimeoutError as exc:
            raise Overloaded(f"the feedback was not written within {PATIENCE_S:.0f} s") from exc

    def write(self) -> None:
        """Write what comes, for ever."""
        while True:
            self.settle(*self.waiting.get())

    def settle(self, written: Future[None], day: str, line: bytes) -> None:
        """Write one line, unless nobody waits for it any more."""
        if not written.set_running_or_notify_cancel():
            return
        try:
            self.folder.append(day, line)
        except Exception as exc:  # noqa: BLE001 (whoever waits raises it)
            written.set_exception(exc)
            del written  # an error holds this frame, which may not hold the error
        else:
            written.set_result(None)
