"""A Service as a cluster makes it: each new connection is given an endpoint, in turn, and stays there."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Iterator

from benchmarks.ports import free_ports


class Service:
    """Pass connections on to the endpoints; made by `service`."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.loop = asyncio.new_event_loop()
        self.turns: Iterator[int] = iter(())
        self.open: dict[asyncio.StreamWriter, int] = {}
        self.stopping = asyncio.Event()
        self.started = threading.Event()

    def lead_to(self, *endpoints: int) -> None:
        """Give new connections to these ports in turn, and end those to others, as a pod does that goes."""

        async def change() -> None:
            self.turns = itertools.cycle(endpoints)
            for writer, port in list(self.open.items()):
                if port not in endpoints:
                    writer.close()

        asyncio.run_coroutine_threadsafe(change(), self.loop).result(5)

    async def serve(self) -> None:
        """Serve until the end."""
        async with await asyncio.start_server(self.join, "127.0.0.1", self.port):
            self.started.set()
            await self.stopping.wait()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a connection with one to the next endpoint."""
        port = next(self.turns)
        there_reader, there = await asyncio.open_connection("127.0.0.1", port)
        self.open[writer] = self.open[there] = port
        await asyncio.gather(self.pass_on(reader, there), self.pass_on(there_reader, writer))
        del self.open[writer], self.open[there]

    @staticmethod
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on until either side ends."""
        with contextlib.suppress(OSError):
            while part := await reader.read(2**16):
                writer.write(part)
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def service(*endpoints: int) -> Iterator[Service]:
    """Run a Service in front of these ports."""
    one = Service()
    thread = threading.Thread(target=lambda: one.loop.run_until_complete(one.serve()), daemon=True)
    thread.start()
    assert one.started.wait(5)
    one.lead_to(*endpoints)
    try:
        yield one
    finally:
        one.lead_to()
        one.loop.call_soon_threadsafe(one.stopping.set)
        thread.join(5)
        one.loop.close()
