"""An open loop of requests that are each asked once, have an id of their own, and want the one right answer."""

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.callers import Canary

CALLERS = 64
PATIENCE_S = 40.0


@dataclass(frozen=True)
class Heard:
    """Hold what became of a request: what was wrong with its answer, if anything, and seconds since it was due."""

    id: str
    wrong: str
    seconds: float


@dataclass
class Asking:
    """Ask for canaries in turn, so many times a second; half of the callers keep their connections.

    Who is due waits for one of `CALLERS`, so a server that is slower than the rate is asked later, and never less.
    """

    port: int
    canaries: Sequence[Canary]
    rate: float
    name: str
    heard: list[Heard] = field(default_factory=list)
    stopped: bool = False
    seconds: float = 0.0

    async def run(self) -> None:
        """Ask until it is stopped, and hear all answers."""
        due: asyncio.Queue[float | None] = asyncio.Queue()
        self.numbers = itertools.count()
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(self.call(due, kept=number % 2 == 0))
            for number in itertools.count():
                if self.stopped:
                    break
                due.put_nowait(began + number / self.rate)
                await asyncio.sleep(began + (number + 1) / self.rate - time.monotonic())
            for _ in range(CALLERS):
                due.put_nowait(None)
        self.seconds = time.monotonic() - began

    async def call(self, due: asyncio.Queue[float | None], *, kept: bool) -> None:
        """Ask when a request is due, one after the other."""
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while (moment := await due.get()) is not None:
            number = next(self.numbers)
            request_id, canary = f"{self.name}-{number}", self.canaries[number % len(self.canaries)]
            try:
                async with asyncio.timeout(PATIENCE_S):
                    connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                    wrong = await ask(*connection, request_id, canary)
            except (OSError, EOFError, ValueError) as exc:
                wrong = repr(exc)
            self.heard.append(Heard(request_id, wrong, time.monotonic() - moment))
            if connection and (wrong or not kept):
                connection[1].close()
                connection = None
        if connection:
            connection[1].close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request_id: str, canary: Canary) -> str:
    """Ask once; says what is wrong with the answer. Raises OSError, EOFError or ValueError where there is none."""
    body = json.dumps({"instances": [canary.record]})
    head = f"POST /v1/predict HTTP/1.1\r\nHost: gateway\r\nX-Request-Id: {request_id}\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n{body}".encode())
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    text = await reader.readexactly(int(headers.get("content-length", 0)))
    if status.split(" ")[1] != "200" or headers["x-request-id"] != request_id:
        return f"{status} {text.decode()}"
    predictions = json.loads(text)["predictions"]
    return "" if predictions == [canary.prediction] else f"{predictions} is not {canary.prediction}"


@contextlib.contextmanager
def asking(port: int, canaries: Sequence[Canary], rate: float, name: str) -> Iterator[Asking]:
    """Ask as long as the block lasts; at its end all is heard."""
    one = Asking(port, canaries, rate, name)
    thread = threading.Thread(target=lambda: asyncio.run(one.run()))
    thread.start()
    try:
        yield one
    finally:
        one.stopped = True
        thread.join()
